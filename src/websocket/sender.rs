//! `Sender` and `MessageWriter`: the sending side of a connection.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::channel::{Channel, Command, Handles};
use super::closed::{Closed, WebSocketError};
use super::message::{Message, PreparedMessage, SendOptions};
use super::stats::TrafficStats;
use crate::framing::websocket::Kind;
use crate::framing::websocket::close::{MAX_REASON, is_of_application};
use crate::framing::websocket::frame::MAX_CONTROL;
use crate::framing::websocket::utf8::Utf8;

/// Sends messages over a WebSocket, and closes it. Cheap to clone. The connection is closed when its
/// [`WebSocket`](super::WebSocket) and all of its senders are dropped.
///
/// Messages are queued in order. At most 256 KiB wait; then sending waits, too.
#[doc(alias("registerProducer", "unregisterProducer"))]
#[derive(Clone)]
pub struct Sender {
    pub(super) handles: Arc<Handles>,
}

/// Writes a message in frames, and frames in parts. Made by [`Sender::message_writer`]. Other messages wait
/// until it is [ended](Self::end). If it is dropped before, the connection is closed with code 1011, as the
/// peer could not tell the rest from the next message.
#[doc(alias("beginMessage", "IWebSocketChannelFrameApi", "IWebSocketChannelStreamingApi"))]
pub struct MessageWriter {
    sender: Sender,
    number: u64,
    /// The command that it begins with is not sent before the first frame.
    is_over: bool,
    /// Number of bytes of all frames so far.
    size: usize,
    /// State of the check of a text.
    text: Option<Utf8>,
    /// Number of bytes that the frame which was begun lacks.
    missing: u64,
    is_compressed: bool,
}

impl Sender {
    /// Sends a message. Waits while too much waits to be sent.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], or [`WebSocketError::TooLarge`], after which the connection stays.
    #[doc(alias = "sendMessage")]
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.send_with(message, SendOptions::new()).await
    }

    /// As [`send`](Self::send), with options.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`]; [`WebSocketError::TooLarge`], after which the connection stays;
    /// [`WebSocketError::Invalid`] in the browser, which has no options.
    pub async fn send_with(
        &self,
        message: impl Into<Message>,
        options: SendOptions,
    ) -> Result<(), WebSocketError> {
        let (command, size) = self.message(message.into(), options)?;
        self.put(command, size, None).await
    }

    /// Sends a message if that needs no waiting.
    ///
    /// # Errors
    /// [`WebSocketError::Full`], and those of [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        let (command, size) = self.message(message.into(), SendOptions::new())?;
        self.try_put(command, size)
    }

    /// Sends a message that was prepared for many.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], or [`WebSocketError::TooLarge`], after which the connection stays.
    #[doc(alias = "sendPreparedMessage")]
    pub async fn send_prepared(&self, message: &PreparedMessage) -> Result<(), WebSocketError> {
        let (command, size) = self.prepared(message)?;
        self.put(command, size, None).await
    }

    /// As [`send_prepared`](Self::send_prepared), if that needs no waiting. A broadcast can so leave out receivers that are
    /// too slow.
    ///
    /// # Errors
    /// [`WebSocketError::Full`] if it would have to wait; [`WebSocketError::Closed`]; [`WebSocketError::TooLarge`],
    /// after which the connection stays.
    pub fn try_send_prepared(&self, message: &PreparedMessage) -> Result<(), WebSocketError> {
        let (command, size) = self.prepared(message)?;
        self.try_put(command, size)
    }

    /// Begins a message that is written in frames; `is_binary` is false for text, whose bytes have to be
    /// UTF-8 as a whole. Waits for the end of another one. The limit of the size of messages holds for all
    /// frames together.
    ///
    /// ```no_run
    /// # async fn example(sender: wampwerk::websocket::Sender) -> Result<(), wampwerk::websocket::WebSocketError> {
    /// use wampwerk::websocket::SendOptions;
    ///
    /// let mut writer = sender.message_writer(true, SendOptions::new()).await?;
    /// writer.frame("one frame").await?;
    /// writer.begin_frame(10).await?;
    /// writer.data("01234").await?;
    /// writer.data("56789").await?;
    /// writer.end().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], and [`WebSocketError::Invalid`] in the browser, which cannot do it, or with
    /// a [`fragment_size`](SendOptions::fragment_size), as the writer makes the frames.
    pub async fn message_writer(
        &self,
        is_binary: bool,
        options: SendOptions,
    ) -> Result<MessageWriter, WebSocketError> {
        if let Some(text) = super::NO_PARTS {
            return Err(WebSocketError::Invalid(text.to_owned()));
        }
        if options.has_fragment_size() {
            let text = "fragment_size cannot be set: a MessageWriter makes the frames";
            return Err(WebSocketError::Invalid(text.to_owned()));
        }
        let number = self.channel().next_writer();
        let kind = if is_binary { Kind::Binary } else { Kind::Text };
        let commands = &self.channel().commands;
        let mut begin = Some(Command::Begin { kind, uncompressed: options.is_plain() });
        // From here on, dropping ends it.
        if !poll_fn(|cx| commands.poll_reserve(cx, &mut begin, number)).await {
            return Err(self.channel().closed_error());
        }
        let text = (!is_binary).then(Utf8::default);
        Ok(MessageWriter {
            sender: self.clone(),
            number,
            is_over: false,
            size: 0,
            text,
            missing: 0,
            is_compressed: self.channel().compresses && !options.is_plain(),
        })
    }

    /// Sends a ping of at most 125 bytes. Its answer is told to
    /// [`on_pong`](super::WebSocketClientProtocol::on_pong). Automatic pings are independent of it. It is queued
    /// behind what was sent before, and waits until an open [`MessageWriter`] has ended.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], [`WebSocketError::Invalid`] if it is longer, or in the browser.
    #[doc(alias = "sendPing")]
    pub async fn ping(&self, payload: impl Into<Bytes>) -> Result<(), WebSocketError> {
        let payload = control(payload.into())?;
        self.put_control(Command::Ping(payload)).await
    }

    /// Sends an unsolicited pong of at most 125 bytes: a sign of life in one direction. Pings are answered
    /// without it. It waits as [`ping`](Self::ping) does.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`]; [`WebSocketError::Invalid`] for a longer payload, and in the browser.
    #[doc(alias = "sendPong")]
    pub async fn pong(&self, payload: impl Into<Bytes>) -> Result<(), WebSocketError> {
        let payload = control(payload.into())?;
        self.put_control(Command::Pong(payload)).await
    }

    /// Closes the connection behind all that was sent before, and waits for the end. The code is 1000 or from
    /// 3000 to 4999; the reason is cut at a character to 123 bytes. Only the first call counts.
    ///
    /// # Errors
    /// [`WebSocketError::Invalid`] for another code. The connection stays.
    #[doc(alias = "sendClose")]
    pub async fn close(&self, code: u16, reason: &str) -> Result<Closed, WebSocketError> {
        self.start_close(code, reason)?;
        Ok(self.closed().await)
    }

    /// As [`close`](Self::close), without waiting.
    ///
    /// # Errors
    /// [`WebSocketError::Invalid`] for another code. The connection stays.
    pub fn start_close(&self, code: u16, reason: &str) -> Result<(), WebSocketError> {
        if !is_of_application(code) {
            let text = format!("{code} is not a valid close code: 1000, or 3000 to 4999");
            return Err(WebSocketError::Invalid(text));
        }
        let mut end = reason.len().min(MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let close = Command::Close(Some((code, reason[..end].to_owned())));
        self.channel().commands.put(close, 0);
        self.channel().commands.close();
        Ok(())
    }

    /// Waits for the end of the connection.
    #[doc(alias = "is_closed")]
    pub async fn closed(&self) -> Closed {
        self.channel().closed.wait().await
    }

    /// Returns how the connection ended; `None` before that.
    pub fn is_closed(&self) -> Option<Closed> {
        self.channel().closed.get().cloned()
    }

    /// Returns the counts of the connection.
    pub fn stats(&self) -> TrafficStats {
        self.channel().counters.read()
    }

    /// Ends the connection at once, without a closing handshake. What was not sent yet is dropped, and nothing more is
    /// received. The end is not clean.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = wampwerk::websocket::connect("ws://127.0.0.1:9000").await?;
    /// socket.sender().abort();
    /// assert!(!socket.closed().await.was_clean);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "dropConnection")]
    pub fn abort(&self) {
        self.channel().abort();
    }

    /// Closes the connection with code 1011, as a handler has failed.
    pub(super) fn close_failed(&self) {
        self.channel().commands.put(Command::Close(Some((1011, String::new()))), 0);
        self.channel().commands.close();
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        self.handles.channel()
    }

    pub(super) fn message(
        &self,
        message: Message,
        options: SendOptions,
    ) -> Result<(Command, usize), WebSocketError> {
        let channel = self.channel();
        let (kind, size) = (message.kind(), message.len());
        check_options(options)?;
        self.check_size(size)?;
        let form = options.form(channel.fragment);
        Ok((Command::Message { kind, payload: message.into_bytes(), form }, size))
    }

    fn prepared(&self, message: &PreparedMessage) -> Result<(Command, usize), WebSocketError> {
        let PreparedMessage(prepared, options) = message;
        // Frames of another length are made for this connection.
        if options.has_fragment_size() || self.channel().fragment.is_some() {
            return self.message(message.message(), *options);
        }
        let size = prepared.payload().len();
        check_options(*options)?;
        self.check_size(size)?;
        Ok((Command::Prepared(Arc::clone(prepared)), size))
    }

    fn check_size(&self, size: usize) -> Result<(), WebSocketError> {
        let limit = self.channel().max_send;
        if size > limit {
            return Err(WebSocketError::TooLarge { size, limit });
        }
        Ok(())
    }

    async fn put(
        &self,
        command: Command,
        size: usize,
        writer: Option<u64>,
    ) -> Result<(), WebSocketError> {
        let commands = &self.channel().commands;
        if self.channel().has_lost() {
            return Err(self.channel().closed_error());
        }
        let mut command = Some(command);
        match poll_fn(|cx| commands.poll_put(cx, &mut command, size, writer)).await {
            true => Ok(()),
            false => Err(self.channel().closed_error()),
        }
    }

    fn try_put(&self, command: Command, size: usize) -> Result<(), WebSocketError> {
        if self.channel().has_lost() {
            return Err(self.channel().closed_error());
        }
        match self.channel().commands.try_put(command, size) {
            Some(true) => Ok(()),
            Some(false) => Err(WebSocketError::Full),
            None => Err(self.channel().closed_error()),
        }
    }

    async fn put_control(&self, command: Command) -> Result<(), WebSocketError> {
        if let Some(text) = super::NO_PARTS {
            return Err(WebSocketError::Invalid(text.to_owned()));
        }
        self.put(command, MAX_CONTROL, None).await
    }
}

impl MessageWriter {
    /// Writes a frame. Over a compressed connection, its bytes may leave with a later one.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], [`WebSocketError::Invalid`] within a frame that was
    /// [begun](Self::begin_frame) or if a text is not UTF-8, or [`WebSocketError::TooLarge`] if the message
    /// becomes longer than the limit. After the last two the frame was not written.
    #[doc(alias = "sendMessageFrame")]
    pub async fn frame(&mut self, payload: impl Into<Bytes>) -> Result<(), WebSocketError> {
        self.check_between_frames()?;
        let payload = payload.into();
        let length = payload.len();
        let (size, text) = (self.size_with(length as u64)?, self.text_with(&payload)?);
        self.put(Command::Frame(payload), length).await?;
        (self.size, self.text) = (size, text);
        Ok(())
    }

    /// Begins a frame of this length, whose bytes are written by [`data`](Self::data).
    ///
    /// # Errors
    /// As [`frame`](Self::frame), and [`WebSocketError::Invalid`] where compression was agreed, unless the message is
    /// sent with [`do_not_compress`](SendOptions::do_not_compress): the length of a compressed frame is not known before.
    #[doc(alias = "beginMessageFrame")]
    pub async fn begin_frame(&mut self, length: u64) -> Result<(), WebSocketError> {
        self.check_between_frames()?;
        if let Some(text) = self.sender.channel().no_frame_data {
            return Err(WebSocketError::Invalid(text.to_owned()));
        }
        if self.is_compressed {
            let text = "a frame of a compressed message cannot be sent in parts, as its length is not known before: \
                        use do_not_compress";
            return Err(WebSocketError::Invalid(text.to_owned()));
        }
        if length > i64::MAX as u64 {
            let text = format!("{length} is not a valid length of a frame: at most 2^63 - 1");
            return Err(WebSocketError::Invalid(text));
        }
        let size = self.size_with(length)?;
        self.put(Command::FrameBegin(length), 0).await?;
        (self.size, self.missing) = (size, length);
        Ok(())
    }

    /// Writes bytes of the frame that was begun. Returns the number of bytes that it still lacks.
    ///
    /// # Errors
    /// [`WebSocketError::Closed`], or [`WebSocketError::Invalid`] if the frame lacks fewer bytes or a text is
    /// not UTF-8.
    #[doc(alias = "sendMessageFrameData")]
    pub async fn data(&mut self, data: impl Into<Bytes>) -> Result<u64, WebSocketError> {
        let data = data.into();
        let size = data.len();
        let Some(left) = self.missing.checked_sub(size as u64) else {
            let text = format!("the frame lacks {} bytes, but {size} are given", self.missing);
            return Err(WebSocketError::Invalid(text));
        };
        let text = self.text_with(&data)?;
        self.put(Command::FrameData(data), size).await?;
        (self.missing, self.text) = (left, text);
        Ok(left)
    }

    /// Ends the message.
    ///
    /// # Errors
    /// As [`frame`](Self::frame); then the message is abandoned.
    #[doc(alias = "endMessage")]
    pub async fn end(mut self) -> Result<(), WebSocketError> {
        self.check_between_frames()?;
        if self.text.is_some_and(|mut text| text.finish().is_err()) {
            let error = "the text ends within a character";
            return Err(WebSocketError::Invalid(error.to_owned()));
        }
        self.put(Command::End, 0).await?;
        self.is_over = true;
        self.sender.channel().commands.free();
        Ok(())
    }

    /// Returns the size of the message with so many bytes more.
    fn size_with(&self, more: u64) -> Result<usize, WebSocketError> {
        let size = self.size.saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
        self.sender.check_size(size)?;
        Ok(size)
    }

    /// Returns the state of the check of a text behind these bytes.
    fn text_with(&self, bytes: &[u8]) -> Result<Option<Utf8>, WebSocketError> {
        let mut text = self.text;
        if text.as_mut().is_some_and(|text| text.push(bytes).is_err()) {
            let error = "the bytes are not UTF-8, as those of a text have to be";
            return Err(WebSocketError::Invalid(error.to_owned()));
        }
        Ok(text)
    }

    fn check_between_frames(&self) -> Result<(), WebSocketError> {
        match self.missing {
            0 => Ok(()),
            missing => {
                let text = format!("the frame that was begun lacks {missing} bytes");
                Err(WebSocketError::Invalid(text))
            }
        }
    }

    async fn put(&self, command: Command, size: usize) -> Result<(), WebSocketError> {
        self.sender.put(command, size, Some(self.number)).await
    }
}

impl Drop for MessageWriter {
    fn drop(&mut self) {
        if !self.is_over {
            let commands = &self.sender.channel().commands;
            commands.put(Command::Abandon, 0);
            commands.free();
        }
    }
}

/// Refuses what the browser decides by itself.
fn check_options(options: SendOptions) -> Result<(), WebSocketError> {
    match (super::NO_PARTS, options.first_set()) {
        (Some(text), Some(name)) => {
            Err(WebSocketError::Invalid(format!("{name} cannot be set: {text}")))
        }
        _ => Ok(()),
    }
}

fn control(payload: Bytes) -> Result<Bytes, WebSocketError> {
    if payload.len() > MAX_CONTROL {
        let text = format!("{} bytes are too many for a ping or pong: at most 125", payload.len());
        return Err(WebSocketError::Invalid(text));
    }
    Ok(payload)
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl fmt::Debug for MessageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("missing", &self.missing).finish_non_exhaustive()
    }
}
