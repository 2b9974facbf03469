//! Contains [`NamedPattern`], a pattern with named and typed wildcards, and [`Captures`], the
//! values that they match.

use std::fmt;
use std::sync::Arc;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::{InvalidUri, Match, Pattern, Uri, UriRule};
use crate::error::payload::DecodeError;

/// A pattern with named components, as in Autobahn: `com.shop.<id:int>.<name>`.
///
/// | component | matches | type |
/// | --- | --- | --- |
/// | `<name>`, `<name:str>`, `<name:string>` | any one component | string |
/// | `<name:int>` | any one component on the wire; [`extract`](NamedPattern::extract) accepts signed 64-bit decimal integers only | integer |
/// | `<name:suffix>`, last component only, after literal components only | one or more components | string |
/// | empty | any one component | not captured |
///
/// The router does not see the names. It receives the [wildcard or prefix
/// pattern](NamedPattern::pattern). The client extracts the values from the topic or procedure in
/// the details of each event or invocation.
///
/// ```
/// use wampwerk::Match;
/// use wampwerk::uri::NamedPattern;
///
/// let pattern = NamedPattern::parse("com.shop.<id:int>.<name>")?;
/// assert_eq!((pattern.uri().as_str(), pattern.policy()), ("com.shop..", Match::Wildcard));
///
/// let captures = pattern.extract("com.shop.17.price")?;
/// assert_eq!(captures.get::<u32>("id")?, 17);
/// let (id, name): (u32, String) = captures.decode()?;
/// assert_eq!((id, name.as_str()), (17, "price"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "Pattern")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPattern {
    text: String,
    pattern: Pattern,
    components: Arc<[Component]>,
}

/// The values that the named components of a [`NamedPattern`] matched, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures(Vec<(Arc<str>, Capture)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Component {
    Literal(String),
    Any,
    Named(Arc<str>, Kind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Suffix,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Capture {
    Int(i64),
    Text(String),
}

impl NamedPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Returns [`InvalidUri`], which names the invalid component, in these cases:
    /// - the type is unknown
    /// - the name is invalid or occurs twice
    /// - a suffix is not the last component or follows a wildcard (WAMP has no policy that combines
    ///   both)
    /// - a literal component contains a character that the loose rule forbids
    pub fn parse(text: &str) -> Result<Self, InvalidUri> {
        let mut components = Vec::new();
        for (index, component) in text.split('.').enumerate() {
            let component = parse_component(component, &components).map_err(|message| {
                let message = format!("component {} `{component}`: {message}", index + 1);
                InvalidUri { text: text.to_owned(), what: "named pattern", message }
            })?;
            components.push(component);
        }
        let policy = match components.last() {
            Some(Component::Named(_, Kind::Suffix)) => Match::Prefix,
            _ if components.iter().all(Component::is_literal) => Match::Exact,
            _ => Match::Wildcard,
        };
        let wire: Vec<&str> = components.iter().map(Component::wire).collect();
        let pattern = Pattern::new(wire.join("."), policy);
        Ok(NamedPattern { text: text.to_owned(), pattern, components: components.into() })
    }

    /// Returns the pattern that the router receives.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Returns the URI in its wire form.
    pub fn uri(&self) -> &Uri {
        self.pattern.uri()
    }

    /// Returns the match policy in its wire form.
    pub fn policy(&self) -> Match {
        self.pattern.policy()
    }

    /// Extracts the values of the named components from a URI.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the URI does not match or if an `int` component is not an
    /// integer.
    pub fn extract(&self, uri: &str) -> Result<Captures, DecodeError> {
        let none = |message: &str| {
            DecodeError::new(format!("{uri:?} does not match `{}`: {message}", self.text))
        };
        let mut captures = Vec::new();
        let mut rest = Some(uri);
        for (index, component) in self.components.iter().enumerate() {
            let Some(left) = rest else { return Err(none("it has too few components")) };
            let (head, tail) = match (component, left.split_once('.')) {
                (Component::Named(_, Kind::Suffix), _) | (_, None) => (left, None),
                (_, Some((head, tail))) => (head, Some(tail)),
            };
            rest = tail;
            let number = index + 1;
            let capture = match component {
                Component::Literal(literal) if literal == head => continue,
                Component::Literal(_) => {
                    return Err(none(&format!("component {number} is {head:?}")));
                }
                _ if head.is_empty() => return Err(none(&format!("component {number} is empty"))),
                Component::Any => continue,
                Component::Named(name, Kind::Int) => match head.parse() {
                    Ok(value) if !head.starts_with('+') => (name.clone(), Capture::Int(value)),
                    _ => {
                        let text =
                            format!("component {number} ({name}) must be an integer, is {head:?}");
                        return Err(none(&text));
                    }
                },
                Component::Named(name, _) => (name.clone(), Capture::Text(head.to_owned())),
            };
            captures.push(capture);
        }
        match rest {
            None => Ok(Captures(captures)),
            Some(_) => Err(none("it has too many components")),
        }
    }
}

impl Captures {
    /// Returns the value of one named component.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the pattern has no such name or if the value does not fit the
    /// type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, DecodeError> {
        let Some((_, capture)) = self.0.iter().find(|(known, _)| **known == *name) else {
            return Err(DecodeError::new(format!("the pattern has no name `{name}`")));
        };
        T::deserialize(capture)
            .map_err(|error| DecodeError::new(format!("{name}: {}", error.message)))
    }

    /// Decodes all values: by name into a struct or map, or in order into a tuple, array or `Vec`.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if a value does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(self)
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the pattern has no named components.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for NamedPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&NamedPattern> for Pattern {
    fn from(named: &NamedPattern) -> Self {
        named.pattern.clone()
    }
}

impl From<NamedPattern> for Pattern {
    fn from(named: NamedPattern) -> Self {
        named.pattern
    }
}

impl Component {
    fn is_literal(&self) -> bool {
        matches!(self, Component::Literal(_))
    }

    fn wire(&self) -> &str {
        match self {
            Component::Literal(text) => text,
            Component::Any | Component::Named(..) => "",
        }
    }
}

fn parse_component(component: &str, before: &[Component]) -> Result<Component, String> {
    if matches!(before.last(), Some(Component::Named(_, Kind::Suffix))) {
        return Err("a suffix must be the last component".to_owned());
    }
    if component.is_empty() {
        return Ok(Component::Any);
    }
    let Some(inner) = component.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')) else {
        if component.contains(['<', '>']) {
            return Err("a name must be the whole component".to_owned());
        }
        return match Uri::from(component).validate(UriRule::Loose, Match::Exact) {
            Ok(()) => Ok(Component::Literal(component.to_owned())),
            Err(_) => Err("white space and `#` are not allowed".to_owned()),
        };
    };
    let (name, kind) = inner.split_once(':').unwrap_or((inner, "str"));
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(word) || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return Err(format!(
            "{name:?} is not a valid name (letters, digits and _, not starting with a digit)"
        ));
    }
    let same =
        |component: &Component| matches!(component, Component::Named(known, _) if **known == *name);
    if before.iter().any(same) {
        return Err(format!("the name `{name}` occurs twice"));
    }
    let kind = match kind {
        "str" | "string" => Kind::Text,
        "int" => Kind::Int,
        "suffix" if !before.iter().all(Component::is_literal) => {
            return Err("a suffix must not follow a wildcard".to_owned());
        }
        "suffix" => Kind::Suffix,
        other => return Err(format!("{other:?} is not a valid type (str, string, int, suffix)")),
    };
    Ok(Component::Named(name.into(), kind))
}

impl<'de> Deserializer<'de> for &'de Captures {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let entries = self.0.iter().map(|(name, capture)| (&**name, capture));
        let mut map = MapDeserializer::new(entries);
        let value = visitor.visit_map(&mut map)?;
        map.end()?;
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let mut seq = SeqDeserializer::new(self.0.iter().map(|(_, capture)| capture));
        let value = visitor.visit_seq(&mut seq)?;
        seq.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for &'de Capture {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Capture {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Capture::Int(value) => visitor.visit_i64(*value),
            Capture::Text(value) => visitor.visit_str(value),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Capture::Int(_) => self.deserialize_any(visitor),
            Capture::Text(text) => {
                text.as_str().into_deserializer().deserialize_enum(name, variants, visitor)
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Item {
        id: u8,
        what: What,
        #[serde(default)]
        more: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum What {
        Price,
        Stock,
    }

    #[test]
    fn what_goes_on_the_wire() {
        for (text, uri, policy) in [
            ("com.shop.price", "com.shop.price", Match::Exact),
            ("com.shop.<id>.price", "com.shop..price", Match::Wildcard),
            ("<a:str>.<b:string>.<c:int>", "..", Match::Wildcard),
            ("com..<id>", "com..", Match::Wildcard),
            ("com.shop.<rest:suffix>", "com.shop.", Match::Prefix),
            ("<all:suffix>", "", Match::Prefix),
        ] {
            let pattern = NamedPattern::parse(text).unwrap();
            assert_eq!(pattern.pattern(), &Pattern::new(uri, policy), "{text}");
            assert_eq!(pattern.to_string(), text);
        }
    }

    #[test]
    fn values_by_name_and_by_order() {
        let pattern = NamedPattern::parse("com..<id:int>.<what>").unwrap();
        let captures = pattern.extract("com.any.7.price").unwrap();
        assert_eq!(captures.len(), 2);
        assert_eq!(captures.get::<Option<i64>>("id").unwrap(), Some(7));
        assert_eq!(captures.get::<String>("what").unwrap(), "price");
        let item: Item = captures.decode().unwrap();
        assert_eq!(item, Item { id: 7, what: What::Price, more: None });
        assert_eq!(captures.decode::<(i8, What)>().unwrap(), (7, What::Price));
        assert!(captures.get::<u8>("what").unwrap_err().message.starts_with("what: "));
        assert!(captures.get::<u8>("x").unwrap_err().message.contains("no name `x`"));
        let big = pattern.extract("com.a.-300.x").unwrap();
        assert_eq!(big.get::<i64>("id").unwrap(), -300);
        assert!(big.get::<u8>("id").is_err() && big.decode::<(i64,)>().is_err());
        let suffix = NamedPattern::parse("com.<rest:suffix>").unwrap();
        let captures = suffix.extract("com.a.b.c").unwrap();
        assert_eq!(captures.get::<String>("rest").unwrap(), "a.b.c");
    }

    #[test]
    fn what_does_not_match() {
        let pattern = NamedPattern::parse("com.<id:int>.x").unwrap();
        for (uri, says) in [
            ("com.1", "too few components"),
            ("com.1.x.y", "too many components"),
            ("org.1.x", "component 1 is \"org\""),
            ("com.one.x", "component 2 (id) must be an integer, is \"one\""),
            ("com.+1.x", "must be an integer"),
            ("com.99999999999999999999.x", "must be an integer"),
            ("com..x", "component 2 is empty"),
        ] {
            let error = pattern.extract(uri).unwrap_err();
            assert!(error.message.contains(says), "{error}");
            assert!(error.message.contains("`com.<id:int>.x`"), "{error}");
        }
        assert!(NamedPattern::parse("com.<r:suffix>").unwrap().extract("com").is_err());
    }

    #[test]
    fn what_is_no_pattern() {
        for (text, says) in [
            ("com.<id:float>", "component 2 `<id:float>`: \"float\" is not a valid type"),
            ("com.<>", "\"\" is not a valid name"),
            ("com.<1a>", "\"1a\" is not a valid name"),
            ("<a>.<a:int>", "component 2 `<a:int>`: the name `a` occurs twice"),
            ("<a:suffix>.b", "component 2 `b`: a suffix must be the last"),
            ("com.<a>.<b:suffix>", "a suffix must not follow a wildcard"),
            ("com.x<a>", "a name must be the whole component"),
            ("com.a b", "white space"),
        ] {
            let error = NamedPattern::parse(text).unwrap_err();
            assert!(error.message.contains(says), "{error}");
        }
    }
}
