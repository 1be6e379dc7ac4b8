use super::{Limits, Tree};
use crate::invoice::names::{self, Name, cbc, ram, rsm};

const RSM: &str = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100";
const RAM: &str =
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100";

fn invoice(body: &str) -> Tree {
    Tree::parse(format!("<a:CrossIndustryInvoice xmlns:a='{RSM}' xmlns='{RAM}'>\n{body}\n</a:CrossIndustryInvoice>").as_bytes()).unwrap()
}

fn refused(xml: &str) -> String {
    Tree::parse(xml.as_bytes()).expect_err(xml).what
}

#[test]
fn steps_are_those_of_xpath() {
    let tree = invoice(
        "<a:ExchangedDocument><ID>1</ID><IncludedNote><Content>x</Content><Content>y</Content></IncludedNote>\n\
         <IncludedNote><Content>z</Content></IncludedNote></a:ExchangedDocument><a:SupplyChainTradeTransaction/>",
    );
    let root = tree.root();
    assert_eq!(root.name(), rsm::CrossIndustryInvoice);
    let names: Vec<Name> = root.children().map(|c| c.name()).collect();
    assert_eq!(
        names,
        [rsm::ExchangedDocument, rsm::SupplyChainTradeTransaction]
    );
    let path = [rsm::ExchangedDocument, ram::IncludedNote, ram::Content];
    let contents: Vec<&str> = root.path(&path).map(|e| e.text()).collect();
    assert_eq!(contents, ["x", "y", "z"]);
    assert_eq!(root.first(&path).map(|e| e.text()), Some("x"));
    let z = root.path(&path).last().unwrap();
    assert_eq!(
        z.location(),
        "/rsm:CrossIndustryInvoice/rsm:ExchangedDocument/ram:IncludedNote[2]/ram:Content"
    );
    assert_eq!(z.line(), 3);
    assert_eq!(z.parent().unwrap().ordinal(), 2);
    assert!(z.has_ancestor(rsm::ExchangedDocument) && !z.has_ancestor(ram::Content));
    assert_eq!(z.parent().unwrap().before(ram::IncludedNote).count(), 1);
    assert_eq!(root.below(ram::Content).count(), 3);
    assert_eq!(
        root.child(rsm::ExchangedDocument)
            .unwrap()
            .count(ram::IncludedNote),
        2
    );
    assert!(root.path(&[]).next().is_none());
    assert_eq!(root.first(&[]), Some(root));
}

#[test]
fn text_is_what_xml_says() {
    let tree = invoice(
        "<Content a='1&#10;2\t3 &quot;'>a&amp;b<!-- c --><![CDATA[<&>]]>\r\n&#x20AC;<?p?>]] d</Content>",
    );
    let el = tree.root().child(ram::Content).unwrap();
    assert_eq!(el.text(), "a&b<&>\n€]] d");
    assert_eq!(el.attr("a"), Some("1\n2 3 \""));
    let tree = invoice(
        "<IncludedNote> x<Content>1 &lt;</Content>\n<Content a='>'>2</Content><![CDATA[&]]></IncludedNote>",
    );
    let note = tree.root().child(ram::IncludedNote).unwrap();
    assert!(note.mixed() && !tree.root().mixed());
    assert_eq!(note.text(), "");
    assert_eq!(note.string(), " x1 <\n2&");
    assert_eq!(note.normalized(), "x1 < 2&");
    assert_eq!(invoice("<Content/>").root().string(), "\n\n");
}

#[test]
fn names_come_from_namespaces_not_prefixes() {
    let tree = Tree::parse(
        format!("<x:ID xmlns:x='{RAM}'><ID xmlns='urn:a' a='1' x:b='2'/><x:Nope/><x:ID xmlns:x='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'/><x:ID/></x:ID>")
            .as_bytes(),
    )
    .unwrap();
    let names: Vec<Name> = tree.elements().map(|e| e.name()).collect();
    assert_eq!(
        names,
        [ram::ID, names::UNKNOWN, ram::OTHER, cbc::ID, ram::ID]
    );
    let foreign = tree.element(1).unwrap();
    assert_eq!((foreign.namespace(), foreign.local()), ("urn:a", "ID"));
    let attrs: Vec<_> = foreign
        .attrs()
        .map(|a| (a.namespace, a.local, a.value))
        .collect();
    assert_eq!(attrs, [("", "a", "1"), (RAM, "b", "2")]);
    assert_eq!(foreign.attr("b"), None);
    let other = tree.element(2).unwrap();
    assert_eq!(
        (other.namespace(), other.local(), other.location().as_str()),
        (RAM, "Nope", "/ram:ID/ram:Nope")
    );
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for xml in [
        "",
        " ",
        "hello",
        "<a>",
        "<a></b>",
        "<a></ab>",
        "<a/><b/>",
        "<a/>x",
        "<a",
        "<a b/>",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='1'c='2'/>",
        "<a>&x;</a>",
        "<a>&</a>",
        "<a>&#0;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#+5;</a>",
        "<a>]]></a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFF}</a>",
        "<a><!-- -- --></a>",
        "<a><!-- --->",
        "<a><?xml version='1.0'?></a>",
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.0'><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='2.0'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<b:a/>",
        "<a b:c=''/>",
        "<a xmlns:b=''/>",
        "<a xmlns:b='u' xmlns:c='u' b:x='1' c:x='2'/>",
        "<a xmlns:xml='u'/>",
        "<a:b:c xmlns:a='u'/>",
        "<a xmlns='u' xmlns='u'/>",
        "<:a/>",
        "<-a/>",
        "< a/>",
        "<a/ >",
        "</a>",
        "<a><![CDATA[</a>",
        "<a><!ELEMENT a></a>",
        "<a>\u{B}</a>",
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
    ] {
        refused(xml);
    }
    assert!(refused("<!DOCTYPE a><a/>").contains("DOCTYPE"));
    let err = Tree::parse(b"<a>\n\n<b></c></a>").unwrap_err();
    assert_eq!(err.line, 3);
}

#[test]
fn limits_hold() {
    let deep = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
    assert!(Tree::parse(deep(128).as_bytes()).is_ok());
    assert!(refused(&deep(129)).contains("deeper"));
    let many: String = (0..65).map(|i| format!(" a{i}=''")).collect();
    assert!(refused(&format!("<a{many}/>")).contains("attributes"));
    let spaces: String = (0..129).map(|i| format!(" xmlns:a{i}='u{i}'")).collect();
    assert!(refused(&format!("<a{spaces}/>")).contains("namespace"));
    let small = Limits {
        octets: 4,
        ..Limits::default()
    };
    assert!(
        Tree::parse_within(b"<abc/>", &small)
            .unwrap_err()
            .what
            .contains("larger")
    );
}
