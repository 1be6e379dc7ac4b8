//! The whole check, in the layers and the order of KoSIT's validator: well-formed, scenario by BT-24, XML schema, EN 16931, XRechnung.
//!
//! If the schema is violated only that counts. For the scenario `en16931` XRechnung's rules do not count. A Factur-X profile has no scenario;
//! its verdict stays `no-scenario`, but it is checked against the rules of EN 16931 all the same, and [`Checked::profile`] tells the result.

use super::{
    report::{Finding, Layer, Severity},
    rules::{self, Syntax},
    scenario::{self, Profile, Scenario},
    structure,
    tree::{El, NotXml, Tree},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Reject,
    NoScenario,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Accept => "accept",
            Verdict::Reject => "reject",
            Verdict::NoScenario => "no-scenario",
        }
    }
}

/// What the check of one file gives.
#[derive(Debug)]
pub struct Checked {
    pub syntax: Option<Syntax>,
    /// BT-24.
    pub specification: Option<String>,
    pub scenario: Option<Scenario>,
    pub verdict: Verdict,
    pub profile: Option<(Profile, Verdict)>,
    /// Those that count, in document order within each layer.
    pub findings: Vec<Finding>,
    /// Those of layers that do not count here.
    pub others: Vec<Finding>,
    /// Findings that were too many to keep.
    pub left_out: usize,
}

/// Checks a file.
pub fn check(octets: &[u8]) -> Result<Checked, NotXml> {
    Ok(check_tree(&Tree::parse(octets)?))
}

/// Checks a document that was read.
pub fn check_tree(tree: &Tree) -> Checked {
    let root = tree.root();
    let syntax = Syntax::of(root);
    let bt24 = scenario::specification(root).map(|e| e.string().into_owned());
    let Some(syntax) = syntax else {
        return Checked {
            syntax,
            specification: None,
            scenario: None,
            verdict: Verdict::NoScenario,
            profile: None,
            findings: Vec::new(),
            others: Vec::new(),
            left_out: 0,
        };
    };
    let scenario = bt24.as_deref().and_then(|b| Scenario::of(b, syntax));
    let profile = bt24
        .as_deref()
        .and_then(Profile::of)
        .filter(|_| scenario.is_none() && syntax == Syntax::Cii);
    let structure = structure::check(tree, syntax);
    // A profile has a schema of its own, which builds on D22B; CII's D16B does not count then.
    let own = profile.map_or_else(Vec::new, |p| {
        structure::check_with(tree, structure::of_profile(p))
    });
    let out = rules::run(tree, syntax);
    let valid = if profile.is_some() {
        own.is_empty()
    } else {
        structure.is_empty()
    };
    let counts = |layer: Layer| match (layer, scenario, profile) {
        (_, None, None) => false,
        (Layer::Xsd, ..) => profile.is_none(),
        (Layer::Fx, ..) => true,
        // EXTENDED goes beyond EN 16931, and the two smallest have no lines.
        (Layer::En, _, Some(profile)) => valid && profile == Profile::Basic,
        (Layer::En, ..) => valid,
        (Layer::Xr, Some(scenario), _) => valid && scenario.is_xrechnung(),
        (Layer::Xr, None, _) => false,
    };
    let mut findings = structure;
    let mut others = Vec::new();
    if !counts(Layer::Xsd) {
        std::mem::swap(&mut findings, &mut others);
    }
    findings.extend(own.into_iter().map(|f| Finding {
        layer: Layer::Fx,
        ..f
    }));
    for fired in out.fired() {
        let at: El<'_> = tree.element(fired.at).unwrap_or(root);
        let mut finding = Finding::of(fired, at);
        if let Some(scenario) = scenario {
            finding.effective = scenario.effective(fired.rule, syntax);
        }
        if counts(finding.layer) {
            findings.push(finding)
        } else {
            others.push(finding)
        }
    }
    findings.sort_by_key(|f| f.layer);
    others.sort_by_key(|f| f.layer);
    let fatal = findings.iter().any(|f| f.effective == Severity::Fatal);
    let outcome = if fatal {
        Verdict::Reject
    } else {
        Verdict::Accept
    };
    Checked {
        syntax: Some(syntax),
        specification: bt24,
        scenario,
        verdict: if scenario.is_some() {
            outcome
        } else {
            Verdict::NoScenario
        },
        profile: profile.map(|p| (p, outcome)),
        findings,
        others,
        left_out: out.left_out(),
    }
}
