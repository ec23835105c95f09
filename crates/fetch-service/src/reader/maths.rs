//! Formulas as TeX between dollar signs: what a page carries for those who cannot see them.

use dom_query::{Document, NodeRef};

use super::Stop;

/// A longer one is no formula.
const MAX_LENGTH: usize = 4000;

/// Replaces what is in formulas by text, before what hides their sources is dropped. Their elements
/// stay, and what hides these.
pub(super) fn make_text(document: &Document, stop: &Stop) {
    // Wikipedia: an image whose alternative text is the formula, with a hidden source beside it.
    for formula in document.select(".mwe-math-element").nodes() {
        if stop.is_set() {
            return;
        }
        let image = formula.descendants_it().find(|node| node.has_name("img"));
        let tex = image.and_then(|image| image.attr("alt"));
        let is_block = image
            .and_then(|image| image.class())
            .is_some_and(|class| class.contains("image-display"));
        if let (Some(image), Some(tex)) = (image, tex.filter(|tex| !tex.trim().is_empty())) {
            let all = formula.descendants_it();
            let sources: Vec<_> = all.filter(|node| node.has_name("math")).collect();
            for source in sources {
                source.remove_from_parent();
            }
            // It is hidden from readers of screens alone, for whom there is the source.
            image.remove_attr("aria-hidden");
            put(&image, &tex, is_block);
        }
    }
    // MathJax: a script that holds the formula.
    for script in document.select("script[type^='math/tex']").nodes() {
        let is_block = script
            .attr("type")
            .is_some_and(|kind| kind.contains("display"));
        let tex = script.text();
        put(script, &tex, is_block);
    }
    for formula in document.select("math").nodes() {
        if stop.is_set() {
            return;
        }
        let is_block = formula
            .attr("display")
            .is_some_and(|display| &*display == "block");
        let says = |text: &String| !text.trim().is_empty();
        let tex = annotation(formula)
            .filter(says)
            .or_else(|| formula.attr("alttext").map(|text| text.to_string()))
            .filter(says)
            .unwrap_or_else(|| linear(formula));
        if tex.trim().is_empty() {
            formula.set_text("");
        } else if !put(formula, &tex, is_block) {
            let all: Vec<_> = formula.descendants_it().filter(is_unseen).collect();
            all.iter().for_each(NodeRef::remove_from_parent);
        }
    }
}

/// Whether it is short enough to be a formula, and so is one now.
fn put(formula: &NodeRef<'_>, tex: &str, is_block: bool) -> bool {
    let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
    let tex = tex
        .strip_prefix("{\\displaystyle ")
        .map_or(tex.as_str(), |inner| {
            inner.strip_suffix('}').unwrap_or(inner).trim()
        });
    if tex.is_empty() || tex.len() > MAX_LENGTH {
        return false;
    }
    let text = if is_block {
        format!(" $${tex}$$ ")
    } else {
        format!("${tex}$")
    };
    formula.rename("span");
    formula.set_text(text);
    true
}

/// Whether browsers draw nothing of it.
fn is_unseen(node: &NodeRef<'_>) -> bool {
    let name = node.node_name();
    let is_first = || {
        let chooses =
            |parent: NodeRef<'_>| parent.has_name("semantics") || parent.has_name("maction");
        !node.parent().is_some_and(chooses) || node.prev_element_sibling().is_none()
    };
    matches!(
        name.as_deref(),
        Some("annotation" | "annotation-xml" | "mphantom")
    ) || (node.is_element() && !is_first())
}

/// The TeX that `MathML` was made from.
fn annotation(math: &NodeRef<'_>) -> Option<String> {
    math.descendants_it()
        .filter(|node| node.has_name("annotation"))
        .find(|node| {
            node.attr("encoding")
                .is_some_and(|encoding| is_tex(&encoding))
        })
        .map(|annotation| annotation.text().to_string())
}

/// `application/x-tex`, `LaTeX`; not `text/plain`.
fn is_tex(encoding: &str) -> bool {
    let encoding = encoding.trim().to_ascii_lowercase();
    let name = encoding.strip_prefix("text/").unwrap_or(&encoding);
    name.contains("tex")
}

/// `MathML` without TeX, in TeX's words for its commonest elements.
fn linear(node: &NodeRef<'_>) -> String {
    let children: Vec<NodeRef<'_>> = node
        .children_it(false)
        .filter(|child| child.is_element() || !child.text().trim().is_empty())
        .filter(|child| !is_unseen(child))
        .collect();
    let part = |at: usize| children.get(at).map(linear).unwrap_or_default();
    let name = node.node_name();
    match name.as_deref().unwrap_or_default() {
        "" => node.text().trim().to_owned(),
        "mfrac" => format!("\\frac{{{}}}{{{}}}", part(0), part(1)),
        "msup" | "mover" => format!("{{{}}}^{{{}}}", part(0), part(1)),
        "msub" | "munder" => format!("{{{}}}_{{{}}}", part(0), part(1)),
        "msubsup" | "munderover" => format!("{{{}}}_{{{}}}^{{{}}}", part(0), part(1), part(2)),
        "mroot" => format!("\\sqrt[{}]{{{}}}", part(1), part(0)),
        "msqrt" => format!("\\sqrt{{{}}}", joined(&children)),
        "mtr" => format!("{} \\\\ ", joined(&children)),
        "mtd" => format!("{} & ", joined(&children)),
        _ => joined(&children),
    }
}

fn joined(nodes: &[NodeRef<'_>]) -> String {
    nodes.iter().map(linear).collect::<Vec<_>>().concat()
}
