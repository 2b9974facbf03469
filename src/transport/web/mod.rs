//! The browser's transports.
