//! Generates the Rust of the two gRPC services. Built, never committed; protox
//! reads the `.proto` files, so that no protoc has to be installed.

use std::path::PathBuf;

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "proto/ocs/outbound/v1/outbound.proto",
        "proto/ocs/control/v1/control.proto",
    ];
    for file in files {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["proto"])?;
    // What server reflection tells: the public definition, and not the control socket's.
    let mut public = descriptors.clone();
    public
        .file
        .retain(|file| file.package() == "ocs.outbound.v1");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    std::fs::write(folder.join("outbound.descriptors"), public.encode_to_vec())?;
    tonic_prost_build::configure()
        // It holds a private key; what it shows of itself is in src/tls.rs.
        .skip_debug([".ocs.outbound.v1.Tls"])
        // The largest message, and the rarest: answers are not to be as large.
        .boxed(".ocs.outbound.v1.ServerMessage.body.settings")
        .compile_fds(descriptors)?;
    Ok(())
}
