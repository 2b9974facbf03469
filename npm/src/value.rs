//! Converts values between JavaScript and WAMP, by the rules of `index.d.ts`.
//!
//! Values of a page are read with limits. A getter or proxy that throws causes an ordinary error.

use js_sys::{Array, ArrayBuffer, Function, Object, Reflect, SharedArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;

use wampwerk::error::EncodeError;
use wampwerk::value::{Dict, List, Value};

/// Maximum depth of a value, which also ends cycles.
const MAX_DEPTH: usize = 100;

/// Maximum number of values in total. Shared values count as often as they occur, so that a few
/// nested objects cannot exhaust memory.
const MAX_VALUES: usize = 1 << 22;

/// Maximum number of path segments in an error text.
const SHOWN_SEGMENTS: usize = 8;

/// Integers up to this value (2^53) are numbers, larger ones are BigInts.
const MAX_NUMBER: i64 = 1 << 53;

/// Reads a value. `place` is its name in error texts.
pub(crate) fn from_js(js: &JsValue, place: &str) -> Result<Value, EncodeError> {
    Reader { rest: MAX_VALUES }.value(js, 0).map_err(|refusal| refusal.at(place))
}

/// Reads an array.
pub(crate) fn list_from_js(js: &JsValue, place: &str) -> Result<List, EncodeError> {
    match from_js(js, place)? {
        Value::List(list) => Ok(list),
        other => Err(EncodeError::new(format!("{place} must be a list, is {}", other.kind()))),
    }
}

/// Reads an object or a map.
pub(crate) fn dict_from_js(js: &JsValue, place: &str) -> Result<Dict, EncodeError> {
    match from_js(js, place)? {
        Value::Dict(dict) => Ok(dict),
        other => Err(EncodeError::new(format!("{place} must be an object, is {}", other.kind()))),
    }
}

/// Converts a value.
pub(crate) fn to_js(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) if value.unsigned_abs() <= MAX_NUMBER.unsigned_abs() => {
            JsValue::from_f64(*value as f64)
        }
        Value::Int(value) => (*value).into(),
        Value::UInt(value) => (*value).into(),
        Value::Float(value) => JsValue::from_f64(*value),
        Value::String(value) => value.into(),
        Value::Bytes(value) => Uint8Array::from(value.as_ref()).into(),
        Value::List(value) => list_to_js(value).into(),
        Value::Dict(value) => dict_to_js(value).into(),
        _ => JsValue::UNDEFINED,
    }
}

/// Converts a list into an array.
pub(crate) fn list_to_js(list: &[Value]) -> Array {
    list.iter().map(to_js).collect()
}

/// Converts a dict into a plain object.
pub(crate) fn dict_to_js(dict: &Dict) -> Object {
    let object = Object::new();
    for (key, value) in dict.iter() {
        set(&object, key, &to_js(value));
    }
    object
}

/// Converts details, with the names of `index.d.ts`. Unknown keys keep their names.
pub(crate) fn details_to_js(details: Dict) -> Object {
    let named = details.into_iter().map(|(key, value)| {
        let name = match key.as_str() {
            "caller_authid" => "callerAuthid",
            "caller_authrole" => "callerAuthrole",
            "callee_authid" => "calleeAuthid",
            "callee_authrole" => "calleeAuthrole",
            "publisher_authid" => "publisherAuthid",
            "publisher_authrole" => "publisherAuthrole",
            _ => return (key, value),
        };
        (name.to_owned(), value)
    });
    dict_to_js(&named.collect())
}

/// Sets a property of an own object.
pub(crate) fn set(object: &Object, key: &str, value: &JsValue) {
    if key == "__proto__" {
        // Setting it would change the prototype instead of adding a property.
        let descriptor = Object::new();
        for name in ["enumerable", "configurable", "writable"] {
            set(&descriptor, name, &JsValue::TRUE);
        }
        set(&descriptor, "value", value);
        Object::define_property(object, &key.into(), &descriptor);
        return;
    }
    // It cannot fail on an own plain object.
    let _ = Reflect::set(object, &key.into(), value);
}

/// Reads a property; an unreadable one is undefined.
pub(crate) fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

#[wasm_bindgen]
extern "C" {
    /// Returns `[object Array]` and the like: the only name of a kind that works for all objects.
    #[wasm_bindgen(catch, js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    fn tag(object: &JsValue) -> Result<String, JsValue>;

    #[wasm_bindgen(catch, js_namespace = Object, js_name = keys)]
    fn keys(object: &JsValue) -> Result<Array, JsValue>;
}

struct Reader {
    /// Number of further values that are allowed.
    rest: usize,
}

impl Reader {
    fn value(&mut self, js: &JsValue, depth: usize) -> Result<Value, Refusal> {
        let Some(rest) = self.rest.checked_sub(1) else {
            return Err(Refusal::too_many());
        };
        self.rest = rest;
        if js.is_null() || js.is_undefined() {
            Ok(Value::Null)
        } else if let Some(value) = js.as_bool() {
            Ok(value.into())
        } else if let Some(value) = js.as_f64() {
            Ok(number(value))
        } else if let Some(value) = js.as_string() {
            Ok(value.into())
        } else if js.is_bigint() {
            big(js)
        } else if js.is_object() {
            if depth == MAX_DEPTH {
                return Err(Refusal::new(format!(
                    "is deeper than {MAX_DEPTH} levels, or contains itself"
                )));
            }
            self.object(js, depth + 1)
        } else {
            let kind = js.js_typeof().as_string().unwrap_or_default();
            Err(Refusal::new(format!("is a {kind}")))
        }
    }

    fn object(&mut self, js: &JsValue, depth: usize) -> Result<Value, Refusal> {
        if Array::is_array(js) {
            return self.array(js, depth).map(Value::List);
        }
        if let Some(bytes) = bytes(js)? {
            return Ok(Value::Bytes(bytes.to_vec().into()));
        }
        if js.has_type::<js_sys::Map>() {
            return self.map(js, depth).map(Value::Dict);
        }
        if let Some(method) = property(js, "toJSON")?.dyn_ref::<Function>() {
            let plain = method.call1(js, &JsValue::from_str("")).map_err(Refusal::thrown)?;
            return self.value(&plain, depth);
        }
        // Sets, promises, errors and the like do not store their values in properties, and would
        // become `{}`.
        let tag = tag(js).map_err(Refusal::thrown)?;
        if tag != "[object Object]" {
            let kind = tag.trim_start_matches("[object ").trim_end_matches(']');
            return Err(Refusal::new(format!("is an object of the kind {kind}")));
        }
        self.properties(js, depth).map(Value::Dict)
    }

    fn array(&mut self, js: &JsValue, depth: usize) -> Result<List, Refusal> {
        let length = property(js, "length")?.as_f64().unwrap_or_default();
        if length > self.rest as f64 {
            return Err(Refusal::too_many());
        }
        (0..length as u32)
            .map(|index| {
                let element = Reflect::get_u32(js, index).map_err(Refusal::thrown)?;
                self.value(&element, depth).map_err(|refusal| refusal.below(Segment::Index(index)))
            })
            .collect()
    }

    fn map(&mut self, js: &JsValue, depth: usize) -> Result<Dict, Refusal> {
        let mut dict = Dict::new();
        for entry in js_sys::try_iter(js).map_err(Refusal::thrown)?.into_iter().flatten() {
            let entry = entry.map_err(Refusal::thrown)?;
            let key = Reflect::get_u32(&entry, 0).map_err(Refusal::thrown)?;
            let Some(key) = key.as_string() else {
                return Err(Refusal::new("is a map with a key that is not a string"));
            };
            let value = Reflect::get_u32(&entry, 1).map_err(Refusal::thrown)?;
            self.entry(&mut dict, key, &value, depth)?;
        }
        Ok(dict)
    }

    fn properties(&mut self, js: &JsValue, depth: usize) -> Result<Dict, Refusal> {
        let mut dict = Dict::new();
        for key in keys(js).map_err(Refusal::thrown)?.iter() {
            let value = Reflect::get(js, &key).map_err(Refusal::thrown)?;
            self.entry(&mut dict, key.as_string().unwrap_or_default(), &value, depth)?;
        }
        Ok(dict)
    }

    fn entry(
        &mut self,
        dict: &mut Dict,
        key: String,
        value: &JsValue,
        depth: usize,
    ) -> Result<(), Refusal> {
        match self.value(value, depth) {
            Ok(value) => {
                dict.insert(key, value);
                Ok(())
            }
            Err(refusal) => Err(refusal.below(Segment::Key(key))),
        }
    }
}

fn number(value: f64) -> Value {
    let negative_zero = value == 0.0 && value.is_sign_negative();
    if value.fract() == 0.0 && value.abs() <= MAX_NUMBER as f64 && !negative_zero {
        Value::Int(value as i64)
    } else {
        Value::Float(value)
    }
}

fn big(js: &JsValue) -> Result<Value, Refusal> {
    i64::try_from(js.clone())
        .map(Value::Int)
        .or_else(|js| u64::try_from(js).map(Value::UInt))
        .map_err(|_| Refusal::new("is an integer of more than 64 bits"))
}

/// Returns the bytes of a buffer or of a view of one.
fn bytes(js: &JsValue) -> Result<Option<Uint8Array>, Refusal> {
    if js.has_type::<Uint8Array>() {
        return Ok(Some(js.clone().unchecked_into()));
    }
    if js.has_type::<ArrayBuffer>() || js.has_type::<SharedArrayBuffer>() {
        return Ok(Some(Uint8Array::new(js)));
    }
    if !ArrayBuffer::is_view(js) {
        return Ok(None);
    }
    let part = |name| property(js, name).map(|number| number.as_f64().unwrap_or_default() as u32);
    let (offset, length) = (part("byteOffset")?, part("byteLength")?);
    let buffer = property(js, "buffer")?;
    Ok(Some(Uint8Array::new_with_byte_offset_and_length(&buffer, offset, length)))
}

fn property(js: &JsValue, name: &str) -> Result<JsValue, Refusal> {
    Reflect::get(js, &name.into()).map_err(Refusal::thrown)
}

/// A value that cannot be sent, and its position; the path grows from the inside as the walk
/// returns.
struct Refusal {
    message: String,
    path: Vec<Segment>,
}

enum Segment {
    Index(u32),
    Key(String),
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Refusal { message: message.into(), path: Vec::new() }
    }

    fn too_many() -> Self {
        Refusal::new(format!("holds too many values ({MAX_VALUES} may be altogether)"))
    }

    fn thrown(error: JsValue) -> Self {
        let text = get(&error, "message").as_string().or_else(|| error.as_string());
        Refusal::new(format!("cannot be read: {}", text.unwrap_or_else(|| "it throws".into())))
    }

    fn below(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }

    fn at(self, place: &str) -> EncodeError {
        let mut text = place.to_owned();
        for segment in self.path.iter().rev().take(SHOWN_SEGMENTS) {
            match segment {
                Segment::Index(index) => text += &format!("[{index}]"),
                Segment::Key(key) if is_identifier(key) => text += &format!(".{key}"),
                Segment::Key(key) => text += &format!("[{key:?}]"),
            }
        }
        if self.path.len() > SHOWN_SEGMENTS {
            text += "…";
        }
        EncodeError::new(format!("{text} {}", self.message))
    }
}

fn is_identifier(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|other| other.is_ascii_alphanumeric() || other == '_')
}
