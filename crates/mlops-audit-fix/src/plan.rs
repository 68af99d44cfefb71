//! Which fixes there are, each proved on the tree that the ones before it leave.

use std::collections::BTreeSet;

use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::compare::Difference;
use mlops_audit_core::discover::Source;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::inspect;
use mlops_audit_core::policy::Policy;

use crate::change::{FileChange, changes};
use crate::dvc::hashed;
use crate::edit::{Class, Fix};
use crate::fixers::{FIXERS, Fixer};
use crate::given::Given;
use crate::overlay::Overlay;
use crate::proof::{Side, prove};

/// Which fixers a user chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Those of the safe class.
    Safe,
    /// All.
    All,
    /// Those with these ids.
    Only(Vec<String>),
}

impl Choice {
    /// Whether it takes what this fixer proposes.
    pub fn takes(&self, fixer: &Fixer) -> bool {
        match self {
            Self::Safe => fixer.class == Class::Safe,
            Self::All => true,
            Self::Only(ids) => ids.iter().any(|id| id == fixer.id),
        }
    }
}

/// What is done with a proved fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is made, and later fixes build on it.
    Take,
    /// It is left out.
    Leave,
    /// It is left out, and so are all that would follow.
    Stop,
}

/// A fix with the outcome of its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    /// The fix.
    pub fix: Fix,
    /// The files that it changes, as it finds them and as it leaves them.
    pub files: Vec<FileChange>,
    /// What it does to the verdicts.
    pub difference: Difference,
}

/// A fix that is not offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Unproved {
    /// The fix.
    pub fix: Fix,
    /// What does not hold of the tree that it would leave.
    pub why: String,
}

/// All that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The chosen fixes that were taken, in the order in which they are made.
    pub fixes: Vec<Proved>,
    /// What could be fixed beside them.
    pub others: Vec<Proved>,
    /// Commands that the chosen fixers have: what they do can be proved only after they ran.
    pub commands: Vec<Fix>,
    /// Commands that could be run beside them.
    pub other_commands: Vec<Fix>,
    /// What of the chosen fixers could not be proved.
    pub unproved: Vec<Unproved>,
    /// What could not be proved beside it.
    pub other_unproved: Vec<Unproved>,
    /// All that the taken fixes change, by path.
    pub files: Vec<FileChange>,
    /// What they do to the verdicts together.
    pub difference: Difference,
}

/// Plans the fixes of a repository. `decide` is asked about each chosen fix once it is proved.
pub fn plan(
    source: &dyn Source,
    catalogue: &Catalogue,
    policy: &Policy,
    choice: &Choice,
    given: &Given,
    decide: &mut dyn FnMut(&Proved) -> Decision,
) -> Plan {
    let mut planner = Planner {
        catalogue,
        policy,
        given,
        unproved: Vec::new(),
    };
    let untouched = Overlay::new(source);
    let first = planner.look(&untouched);
    let before = first.audit.clone();
    let (chosen, rest): (Vec<&'static Fixer>, Vec<&'static Fixer>) =
        FIXERS.iter().copied().partition(|fixer| choice.takes(fixer));
    let taken = planner.compose(untouched, first, &chosen, decide);
    let files = taken.tree.changes();
    let difference = between(&before, &taken.view.audit);
    let unproved = std::mem::take(&mut planner.unproved);
    // What is not chosen is tried on the tree that the chosen fixes leave.
    let others = planner.compose(taken.tree, taken.view, &rest, &mut |_| Decision::Take);
    Plan {
        fixes: taken.fixes,
        others: others.fixes,
        commands: taken.commands,
        other_commands: others.commands,
        unproved,
        other_unproved: planner.unproved,
        files,
        difference,
    }
}

fn between(before: &Audit, after: &Audit) -> Difference {
    Difference::between(("before", before), ("after", after))
}

struct Planner<'run> {
    catalogue: &'run Catalogue,
    policy: &'run Policy,
    given: &'run Given,
    unproved: Vec<Unproved>,
}

/// A tree as an audit sees it, with what each fixer would do there.
struct View {
    audit: Audit,
    /// By position in [`FIXERS`].
    proposals: Vec<Proposal>,
}

impl View {
    fn side(&self, fixer: usize) -> Side<'_> {
        Side {
            audit: &self.audit,
            open: &self.proposals[fixer].open,
        }
    }
}

/// What one fixer sees.
#[derive(Default)]
struct Proposal {
    open: Vec<Evidence>,
    fixes: Vec<Fix>,
}

/// A tree with the fixes that were made on it.
struct Composed<'source> {
    tree: Overlay<'source>,
    view: View,
    fixes: Vec<Proved>,
    commands: Vec<Fix>,
}

impl Planner<'_> {
    fn look(&self, tree: &Overlay<'_>) -> View {
        inspect(tree, self.catalogue, self.policy, |inspection| {
            let is_wanted = |fixer: &Fixer| {
                inspection.audit.recommendations.iter().any(|one| {
                    let mut ids = one.criteria.iter().map(ToString::to_string);
                    ids.any(|id| fixer.criteria.contains(&id.as_str()))
                })
            };
            let proposals = FIXERS
                .iter()
                .map(|fixer| match is_wanted(fixer) {
                    true => Proposal {
                        open: (fixer.open)(&inspection),
                        fixes: fixer.proposals(&inspection, self.given),
                    },
                    false => Proposal::default(),
                })
                .collect();
            View {
                audit: inspection.audit,
                proposals,
            }
        })
    }

    /// Makes what these fixers propose, one fix after the other.
    fn compose<'source>(
        &mut self,
        tree: Overlay<'source>,
        view: View,
        fixers: &[&'static Fixer],
        decide: &mut dyn FnMut(&Proved) -> Decision,
    ) -> Composed<'source> {
        let mut composed = Composed {
            tree,
            view,
            fixes: Vec::new(),
            commands: Vec::new(),
        };
        let mut tried: BTreeSet<(&'static str, String)> = BTreeSet::new();
        loop {
            // What one fixer leaves may be what another one waits for, so each is asked until none has anything new.
            let known = tried.len();
            let goes_on = self.round(&mut composed, fixers, &mut tried, decide);
            if !goes_on || tried.len() == known {
                break;
            }
        }
        // What others closed meanwhile is proposed no more, and what is left may have another reason by now.
        self.unproved.retain_mut(|refused| {
            let mut proposals = FIXERS.iter().zip(&composed.view.proposals);
            let own = proposals.find(|(fixer, _)| fixer.id == refused.fix.id);
            let latest = own.and_then(|(_, proposal)| {
                let mut proposed = proposal.fixes.iter();
                proposed.find(|fix| fix.title == refused.fix.title)
            });
            if let Some(why) = latest.and_then(|fix| fix.obstacle.as_ref()) {
                refused.why.clone_from(why);
            }
            latest.is_some()
        });
        composed
    }

    /// Asks each fixer once. Gives whether people want more.
    fn round<'source>(
        &mut self,
        composed: &mut Composed<'source>,
        fixers: &[&'static Fixer],
        tried: &mut BTreeSet<(&'static str, String)>,
        decide: &mut dyn FnMut(&Proved) -> Decision,
    ) -> bool {
        let position = |fixer: &Fixer| FIXERS.iter().position(|known| known.id == fixer.id);
        for (fixer, at) in fixers.iter().filter_map(|fixer| Some((*fixer, position(fixer)?))) {
            loop {
                let mut proposed = composed.view.proposals[at].fixes.iter();
                let Some(fix) = proposed
                    .find(|fix| !tried.contains(&(fix.id, fix.title.clone())))
                    .cloned()
                else {
                    break;
                };
                tried.insert((fixer.id, fix.title.clone()));
                if fix.is_command() {
                    composed.commands.push(fix);
                    continue;
                }
                match self.prove(composed, at, fix.clone()) {
                    Err(why) => self.unproved.push(Unproved { fix, why }),
                    Ok((proved, tree, view)) => match decide(&proved) {
                        Decision::Take => {
                            composed.tree = tree;
                            composed.view = view;
                            composed.fixes.push(proved);
                        }
                        Decision::Leave => {}
                        Decision::Stop => return false,
                    },
                }
            }
        }
        true
    }

    fn prove<'source>(
        &self,
        on: &Composed<'source>,
        fixer: usize,
        fix: Fix,
    ) -> Result<(Proved, Overlay<'source>, View), String> {
        if let Some(why) = fix.obstacle {
            return Err(why);
        }
        let fix = hashed(fix, &on.tree)?;
        let files = changes(&on.tree, &fix.edits)?;
        if files.iter().all(|file| file.before.as_ref() == Some(&file.after)) {
            return Err("it would change nothing".to_owned());
        }
        let tree = on.tree.with(&files);
        let view = self.look(&tree);
        prove(&fix, &files, &on.view.side(fixer), &view.side(fixer))?;
        let difference = between(&on.view.audit, &view.audit);
        Ok((
            Proved {
                fix,
                files,
                difference,
            },
            tree,
            view,
        ))
    }
}
