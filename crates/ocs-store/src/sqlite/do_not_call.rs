//! The Do Not Call list as rows.
