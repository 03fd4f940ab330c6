//! Records that may be handed out, found in order.
