//! Contains `Terms`: a server's decision about a request, without a stream.

use http::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_EXTENSIONS, SERVER};
use http::{HeaderMap, Request, Response, StatusCode};

use super::answer::ConnectionAccept;
use super::on_connect::OnConnect;
use super::origins::Origins;
use super::peer::forwarded;
use super::request::ConnectionRequest;
use crate::framing::websocket::deflate;
use crate::framing::websocket::handshake::{Refusal, RequestError, check, check_field, host_of};
use crate::settings::Deflate;

/// The requirements for a request, and what every answer has.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) origins: Origins,
    pub(crate) on_connect: Option<OnConnect>,
    /// Port that `Host` has to name.
    pub(crate) external_port: Option<u16>,
    /// Number of proxies whose `X-Forwarded-For` is trusted.
    pub(crate) trusted_proxies: usize,
    /// Value of `Server` in every answer.
    pub(crate) server: Option<HeaderValue>,
    /// Headers of the answer that accepts.
    pub(crate) headers: HeaderMap,
    /// Compression that is accepted.
    pub(crate) deflate: Option<Deflate>,
}

impl Terms {
    /// Checks everything that needs no decision of the application.
    pub(crate) fn check<B>(
        &self,
        request: &Request<B>,
        peer: Option<&str>,
    ) -> Result<ConnectionRequest, Refusal> {
        let offer = check(request)?;
        if let (Some(port), Some((_, named))) = (self.external_port, host_of(request))
            && named.map_or(!matches!(port, 80 | 443), |named| named != port)
        {
            let text = "Host does not name the port of this server";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
        }
        let forbidden = |text| Refusal::new(StatusCode::FORBIDDEN, text);
        self.origins.admit(request.headers()).map_err(forbidden)?;
        let mut head = Request::new(());
        *head.method_mut() = request.method().clone();
        *head.uri_mut() = request.uri().clone();
        *head.version_mut() = request.version();
        *head.headers_mut() = request.headers().clone();
        let peer = self.proxied(request.headers()).or_else(|| peer.map(str::to_owned));
        Ok(ConnectionRequest::new(head, peer, offer))
    }

    /// Asks the application, if there is a function. Comes last, because the function may have side effects
    /// for accepted clients.
    pub(crate) async fn ask(
        &self,
        request: &ConnectionRequest,
    ) -> Result<ConnectionAccept, Refusal> {
        match &self.on_connect {
            Some(on_connect) => on_connect.ask(request.clone()).await,
            None => Ok(ConnectionAccept::new()),
        }
    }

    /// Returns the answer that accepts a request, and the agreement about compression.
    pub(crate) fn response(
        &self,
        request: &ConnectionRequest,
        accept: &ConnectionAccept,
        protocol: Option<&str>,
    ) -> Result<(Response<()>, Option<deflate::Agreement>), Refusal> {
        let (deflate, extensions) = self.compression(request)?.unzip();
        let mut response =
            request.offer().accept(protocol, extensions.as_ref()).map_err(|error| {
                tracing::error!(protocol, %error, "on_connect gave an answer that cannot be sent");
                unsendable()
            })?;
        let headers = response.headers_mut();
        headers.extend(self.server.iter().map(|value| (SERVER, value.clone())));
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        for (name, value) in &accept.headers {
            let (name, value) = field(name, value).map_err(|error| {
                tracing::error!(%error, "on_connect gave an answer that cannot be sent");
                unsendable()
            })?;
            headers.append(name, value);
        }
        Ok((response, deflate))
    }

    /// Returns the answer that refuses a request.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> Response<String> {
        let mut response = refusal.response();
        response.headers_mut().extend(self.server.iter().map(|value| (SERVER, value.clone())));
        response
    }

    /// Chooses among the client's offers of compression. Returns the agreement, and the value of the header.
    fn compression(
        &self,
        request: &ConnectionRequest,
    ) -> Result<Option<(deflate::Agreement, HeaderValue)>, Refusal> {
        let Some(settings) = &self.deflate else { return Ok(None) };
        let lines = request.all().get_all(SEC_WEBSOCKET_EXTENSIONS);
        let agreed = deflate::accept(lines, settings).map_err(RequestError::Extensions)?;
        let Some((agreement, text)) = agreed else { return Ok(None) };
        // A copy, as the text has room for more, and the connection keeps the header.
        Ok(HeaderValue::from_str(&text).ok().map(|value| (agreement, value)))
    }

    /// Returns the client's address that the trusted proxies name.
    fn proxied(&self, headers: &HeaderMap) -> Option<String> {
        match self.trusted_proxies {
            0 => None,
            n => forwarded(headers, n),
        }
    }
}

/// Checks a header that the application adds to answers. The error says what is wrong with it.
pub(crate) fn field(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    check_field(name, value)?;
    let invalid = || format!("the header {name} cannot be sent");
    let name = HeaderName::try_from(name).map_err(|_| invalid())?;
    let value = HeaderValue::try_from(value).map_err(|_| invalid())?;
    Ok((name, value))
}

fn unsendable() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server's answer cannot be sent")
}
