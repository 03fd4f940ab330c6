//! Generates the Rust of the two gRPC services. Built, never committed; protox
//! reads the `.proto` files, so that no protoc has to be installed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "proto/ocs/outbound/v1/outbound.proto",
        "proto/ocs/control/v1/control.proto",
    ];
    for file in files {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
