//! permessage-deflate (RFC 7692): its parameters, and the compression of messages.
