//! `versioning.code`; see the page beside this file.

use crate::advise::{Advice, Implementation};
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle, Verdict};

/// `versioning.code`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "code",
    },
    label: "Code",
    looked_for: "Git",
    page: include_str!("code.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let code = &facts.versioning.code;
    if let Some(repository) = &code.repository {
        return Judgement::met("Git", vec![repository.clone()]);
    }
    if let Some(export) = &code.export {
        return Judgement::partial(
            "an export without history",
            vec![export.clone()],
            "the files come from version control, but their history is not there",
        );
    }
    if code.is_empty {
        return Judgement::unmet("the Git repository has no commit");
    }
    Judgement::unmet("no version control holds the code")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let is_empty = judged.facts().versioning.code.is_empty;
    let (gap, implementation) = if judgement.verdict == Verdict::Partial {
        (
            "The directory is an export of a repository: the commit is named, but there is no history to go back to.",
            "git clone ADDRESS  # of the repository that the export was made of",
        )
    } else if is_empty {
        (
            "The Git repository has no commit, so no version of the code exists yet.",
            "git add .\ngit commit -m \"Start the history\"",
        )
    } else {
        (
            "The directory is under no version control: there is no `.git` folder with a commit.",
            "git init\nprintf '.venv/\\n__pycache__/\\n.ipynb_checkpoints/\\n.env\\n' >> .gitignore\ngit add .\ngit commit -m \"Start the history\"\ngit remote add origin ADDRESS\ngit push -u origin HEAD",
        )
    };
    Advice {
        cause: "no-history".to_owned(),
        gap: gap.to_owned(),
        recommendation:
            "Work in a Git repository and push it to a server that the team can read; leave environments, \
                         secrets, data and models out by `.gitignore`."
                .to_owned(),
        implementation: Implementation::default().run(implementation),
        tools: vec!["Git".to_owned()],
        fixable: false,
        locations: judgement.evidence.clone(),
    }
}
