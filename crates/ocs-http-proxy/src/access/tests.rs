//! Who is let in by which rule.

use hyper::header::{AUTHORIZATION, HeaderValue};
use ocs_protocol::outbound::{Listener, Names, Right, Tokens};

use super::*;

fn rule(credential: &str, client: KnownBy) -> AccessRule {
    AccessRule {
        credential: credential.to_owned(),
        client: Some(client),
        rights: vec![Right::Read.into()],
        ..AccessRule::default()
    }
}

fn network(credential: &str, address: &str, prefix: u32) -> AccessRule {
    let address = address.to_owned();
    let network = outbound::Network { address, prefix };
    rule(credential, KnownBy::Network(network))
}

fn token_rule(credential: &str, tokens: &[&str]) -> AccessRule {
    let hashes = tokens
        .iter()
        .map(|token| token::hash(token.as_bytes()).to_vec());
    let sha256 = hashes.collect();
    rule(credential, KnownBy::Tokens(Tokens { sha256 }))
}

fn access(rules: Vec<AccessRule>) -> Access {
    let access = outbound::Access {
        rules,
        ..outbound::Access::default()
    };
    Access::read(access, Vec::new()).expect("the rules are right")
}

fn port(host: &str) -> Port {
    let host = host.to_owned();
    Port::new(&Listener {
        host,
        ..Listener::default()
    })
}

/// What a client is let in by, or whether it is slowed.
fn found(
    access: &Access,
    address: &str,
    subject: Option<&str>,
    authorization: &[&str],
) -> Result<String, bool> {
    let mut headers = HeaderMap::new();
    for value in authorization {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        headers.append(AUTHORIZATION, value);
    }
    let sender = Sender {
        address: address.parse().expect("an address"),
        subject,
    };
    let admitted = access.admit(&sender, &port("0.0.0.0"), &headers);
    admitted
        .map(|admitted| admitted.credential().to_owned())
        .map_err(|unknown| {
            let shown = unknown.refusal.sentence;
            assert!(!shown.contains("secret"), "a token is shown: {shown}");
            unknown.by_token
        })
}

#[test]
fn by_token_then_certificate_then_smallest_network() {
    let access = access(vec![
        network("any", "0.0.0.0", 0),
        network("ten", "10.0.0.0", 8),
        network("one", "10.1.2.3", 32),
        network("six", "2001:db8::", 32),
        token_rule("crm", &["secret-crm", "secret-old"]),
        token_rule("ivr", &["secret-ivr"]),
        rule("cert", KnownBy::Subject("CN=crm, O=Example".to_owned())),
    ]);
    let (cert, other) = (Some("2.5.4.3=crm,o=Example"), Some("CN=other"));
    for (address, subject, authorization, right) in [
        ("192.0.2.1", None, &[][..], Ok("any")),
        ("10.9.9.9", None, &[], Ok("ten")),
        ("::ffff:10.9.9.9", None, &[], Ok("ten")),
        ("10.1.2.3", None, &[], Ok("one")),
        ("2001:db8::1", None, &[], Ok("six")),
        ("2001:db9::1", None, &[], Err(false)),
        ("2001:db9::1", cert, &[], Ok("cert")),
        ("2001:db9::1", other, &[], Err(false)),
        ("10.9.9.9", other, &[], Ok("ten")),
        ("10.9.9.9", cert, &[], Ok("cert")),
        ("10.9.9.9", cert, &["Bearer secret-ivr"], Ok("ivr")),
        ("10.9.9.9", None, &["bearer secret-crm"], Ok("crm")),
        ("2001:db9::1", None, &["BEARER  secret-old "], Ok("crm")),
        // A token that is wrong is wrong wherever it comes from.
        ("10.9.9.9", cert, &["Bearer secret-cr"], Err(true)),
        ("10.9.9.9", cert, &["Bearer secret-crmx"], Err(true)),
        ("10.9.9.9", cert, &["Bearer"], Err(true)),
        ("10.9.9.9", cert, &["Bearer "], Err(true)),
        ("10.9.9.9", cert, &["secret-crm"], Err(true)),
        ("10.9.9.9", cert, &["Basic c2VjcmV0LWNybQ=="], Err(true)),
        (
            "10.9.9.9",
            cert,
            &["Bearer secret-crm", "Bearer secret-crm"],
            Err(true),
        ),
        ("10.9.9.9", cert, &[""], Err(true)),
        ("10.9.9.9", cert, &["Bearer \u{e4}"], Err(true)),
    ] {
        let found = found(&access, address, subject, authorization);
        let right = right.map(str::to_owned);
        assert_eq!(found, right, "{address} {subject:?} {authorization:?}");
    }
}

#[test]
fn without_rules() {
    let headers = HeaderMap::new();
    let sender = Sender {
        address: [192, 0, 2, 1].into(),
        subject: None,
    };
    for (host, allowed, right) in [
        ("127.0.0.1", false, true),
        ("::1", false, true),
        ("localhost", false, true),
        ("0.0.0.0", false, false),
        ("10.0.0.1", false, false),
        ("ocs.internal", false, false),
        ("0.0.0.0", true, true),
    ] {
        let access = outbound::Access {
            allow_anonymous: allowed,
            ..outbound::Access::default()
        };
        let access = Access::read(access, Vec::new()).expect("no rules");
        let admitted = access.admit(&sender, &port(host), &headers);
        let may = admitted.as_ref().map(|admitted| {
            let all = [
                Rights::ADD,
                Rights::UPDATE,
                Rights::PREVIEW,
                Rights::CONTROL,
                Rights::READ,
            ];
            let others = all.iter().all(|right| admitted.check(*right).is_ok());
            (
                others,
                admitted.check([Right::Admin].into_iter().collect()).is_ok(),
            )
        });
        let right = if right { Some((true, false)) } else { None };
        assert_eq!(may.ok(), right, "{host} {allowed}");
    }
}

#[test]
fn rights() {
    let all = [
        Right::Add,
        Right::Update,
        Right::Preview,
        Right::Control,
        Right::Read,
        Right::Admin,
    ];
    for has in all {
        for needs in all {
            let rights: Rights = [has].into_iter().collect();
            let needed: Rights = [needs].into_iter().collect();
            let may = has == needs || has == Right::Admin;
            assert_eq!(rights.suffice_for(needed), may, "{has:?} {needs:?}");
        }
        let rights: Rights = [has].into_iter().collect();
        assert!(rights.suffice_for(Rights::NONE));
    }
    let none: Rights = std::iter::empty().collect();
    assert!(!none.suffice_for(Rights::READ));
    assert_eq!(
        Rights::CONTROL.or(Rights::READ).to_string(),
        "control or read"
    );
}

#[test]
fn what_a_client_may_not() {
    let access = access(vec![AccessRule {
        calling_lists: Some(Names {
            names: vec!["Spring".to_owned()],
        }),
        rate: 1,
        ..token_rule("token:crm", &["secret"])
    }]);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    let sender = Sender {
        address: [127, 0, 0, 1].into(),
        subject: None,
    };
    let client = access.admit(&sender, &port("::1"), &headers);
    let client = client.expect("it is known");
    assert_eq!(client.check_list(None), Ok(()));
    assert_eq!(client.check_list(Some("Spring")), Ok(()));
    let now = Instant::now();
    assert_eq!(client.count(now), Ok(()));
    let (seconds, late) = client.count(now).expect_err("it is one too many");
    assert_eq!(seconds, 1);
    for (refused, number, part) in [
        (
            client.check(Rights::ADD),
            1111,
            "the right add, and has read",
        ),
        (client.check_list(Some("spring")), 1112, "\"spring\""),
        (Err(late), 1114, "1 requests per second"),
    ] {
        let refusal = refused.expect_err("it is refused");
        assert_eq!(refusal.number.number(), number, "{refusal}");
        assert!(refusal.sentence.contains(part), "{refusal}");
    }
}
