//! How far manifests hold packages back.

use mlops_audit_core::Inspection;

/// Whether a manifest may bring one of these packages in a version before this one, because it asks for no newer.
pub(crate) fn is_held_below(inspection: &Inspection<'_>, packages: &[&str], version: (u32, u32)) -> bool {
    let manifests = inspection.facts().environment.manifests.iter();
    let mut declared = manifests.flat_map(|manifest| &manifest.dependencies);
    declared.any(|found| {
        let mut parts = found.written.split(',');
        packages.contains(&found.name.as_str()) && parts.any(|part| is_below(part, version))
    })
}

/// Whether a part of a constraint holds a package below a version: `==1.5.10`, `~=1.5`, `<1.9`.
fn is_below(part: &str, version: (u32, u32)) -> bool {
    let Some(at) = part.rfind(['=', '<', '~', '^']) else {
        return false;
    };
    let is_no_sign = |sign: char| !(sign.is_ascii_digit() || sign == '.');
    let mut numbers = part[at + 1..]
        .trim_matches(|sign: char| is_no_sign(sign))
        .split('.');
    let mut number = || numbers.next()?.parse::<u32>().ok();
    let Some(bound) = number().map(|major| (major, number().unwrap_or(0))) else {
        return false;
    };
    let is_upper = !part.contains(['>', '!']);
    is_upper && (bound < version || part.contains('<') && bound == version)
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn a_constraint_holds_a_package_below_a_version() {
        for part in [
            "lightning==1.5.10",
            "lightning~=1.5",
            "lightning[extra] <1.9",
            "lightning<=1.8.6",
            "1.5",
            "lightning = \"^1.5\"",
        ] {
            assert_eq!(is_below(part, (1, 9)), part != "1.5", "{part}");
        }
        for part in [
            "lightning",
            "lightning>=1.5",
            "lightning!=1.5",
            "lightning==2.0.1",
            "lightning<2",
        ] {
            assert!(!is_below(part, (1, 9)), "{part}");
        }
    }
}
