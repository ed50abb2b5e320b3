//! Tests that start the real program: one file per promise. `support` owns processes, directories and sockets.

mod backup;
mod clients;
mod crash;
mod differential;
mod following;
mod hostile;
mod logs;
mod migrate;
mod sequences;
mod slt;
mod stop;
mod stream;
mod support;
mod swap;
mod tables;
mod temporary;
mod versions;
mod views;
mod wire;
