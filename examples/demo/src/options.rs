//! The demo's command line.

/// Options of the command line.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// Port of the page and of the built-in router. Default: 8000, or a free port if it is in use.
    pub(crate) port: Option<u16>,
    /// URL of a router to use instead of the built-in one.
    pub(crate) url: Option<String>,
    /// Realm to join.
    pub(crate) realm: Option<String>,
    /// True if only the usage is shown.
    pub(crate) help: bool,
}

pub(crate) const USAGE: &str = "\
Starts a WAMP router, a component that speaks to it, and a page to talk to both.

  --url URL      use the router at ws://… instead of starting one
  --realm NAME   the realm to join (realm1)
  --port N       the port of the page and the router (8000, or a free one if that is taken; 0 for any)";

/// Reads the arguments behind the name of the program.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        if matches!(name.as_str(), "--help" | "-h") {
            options.help = true;
            continue;
        }
        let mut value =
            || given.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--url" => options.url = Some(value()?),
            "--realm" => options.realm = Some(value()?),
            "--port" => options.port = Some(port(&name, &value()?)?),
            _ => return Err(format!("no such option: {name}\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn port(name: &str, value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("{name} must be a port (0 to 65535), is {value:?}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse_words(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read() {
        assert_eq!(parse_words("").unwrap(), Options::default());
        assert_eq!(parse_words("--port 0").unwrap().port, Some(0));
        assert_eq!(parse_words("--port=8123").unwrap().port, Some(8123));
        let options = parse_words("--url ws://h:1/ws --realm other").unwrap();
        assert_eq!(options.url.as_deref(), Some("ws://h:1/ws"));
        assert_eq!(options.realm.as_deref(), Some("other"));
        assert!(parse_words("-h").unwrap().help);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, text) in [
            ("--port", "needs a value"),
            ("--port 70000", "must be a port"),
            ("--port x", "must be a port"),
            ("--colour", "no such option"),
            ("page", "no such option"),
        ] {
            let error = parse_words(line).unwrap_err();
            assert!(error.contains(text), "{line}: {error}");
        }
    }
}
