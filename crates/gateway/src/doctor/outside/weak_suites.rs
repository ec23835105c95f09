//! Ciphers of TLS 1.2 that nobody should take, with their numbers and names in the IANA registry.

/// What is wrong with a cipher. The order is that of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weakness {
    /// A recording is read by whoever gets the key later (RFC 9325 section 4.1).
    NoForwardSecrecy,
    /// RC4 and 3DES (RFC 7465, RFC 8429).
    Broken,
    /// No encryption, no authentication, or keys as short as the law once wanted them.
    None,
}

impl Weakness {
    pub(crate) const ALL: [Self; 3] = [Self::NoForwardSecrecy, Self::Broken, Self::None];
}

/// A cipher.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WeakSuite {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) weakness: Weakness,
}

/// Those of one weakness.
pub(crate) fn of(weakness: Weakness) -> impl Iterator<Item = &'static WeakSuite> {
    SUITES.iter().filter(move |own| own.weakness == weakness)
}

const fn suite(weakness: Weakness, code: u16, name: &'static str) -> WeakSuite {
    WeakSuite {
        code,
        name,
        weakness,
    }
}

const SUITES: [WeakSuite; 26] = {
    use Weakness::{Broken, NoForwardSecrecy, None};
    [
        suite(NoForwardSecrecy, 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
        suite(NoForwardSecrecy, 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
        suite(NoForwardSecrecy, 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
        suite(NoForwardSecrecy, 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
        suite(NoForwardSecrecy, 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
        suite(NoForwardSecrecy, 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
        suite(Broken, 0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
        suite(Broken, 0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
        suite(Broken, 0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
        suite(Broken, 0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
        suite(Broken, 0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
        suite(Broken, 0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
        suite(Broken, 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        suite(None, 0x0001, "TLS_RSA_WITH_NULL_MD5"),
        suite(None, 0x0002, "TLS_RSA_WITH_NULL_SHA"),
        suite(None, 0x003b, "TLS_RSA_WITH_NULL_SHA256"),
        suite(None, 0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
        suite(None, 0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
        suite(None, 0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
        suite(None, 0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
        suite(None, 0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
        suite(None, 0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
        suite(None, 0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
        suite(None, 0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
        suite(None, 0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
        suite(None, 0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    ]
};
