//! Where webhooks may post to: public addresses, and private networks that the operator allows. So nobody reaches, by a webhook, what
//! the server can reach and they cannot.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Url;

/// What is not reachable from everywhere: the special-purpose registries of RFC 6890, and multicast. IPv4 addresses within IPv6
/// are judged as what they are.
const SPECIAL_V4: [Ipv4Net; 14] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];
const SPECIAL_V6: [Ipv6Net; 10] = [
    v6([0, 0, 0], 96),
    v6([0x64, 0xff9b, 0], 96),
    v6([0x64, 0xff9b, 1], 48),
    v6([0x100, 0, 0], 64),
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0xfc00, 0, 0], 7),
    v6([0xfe80, 0, 0], 9),
    v6([0xff00, 0, 0], 8),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c]: [u16; 3], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// A network that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("networks are wanted as in 10.1.0.0/16, divided by commas")]
pub struct NetworkError;

/// The networks to which webhooks may post: public ones, and those that the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    allowed: Vec<IpNet>,
}

impl Networks {
    /// Public addresses, and these networks.
    pub fn public_and(allowed: &[String]) -> Result<Self, NetworkError> {
        let read = |text: &String| IpNet::from_str(text).map_err(|_| NetworkError);
        Ok(Self { allowed: allowed.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// Whether something may be posted to an address.
    pub fn admit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let special = match address {
            IpAddr::V4(address) => SPECIAL_V4.iter().any(|network| network.contains(&address)),
            IpAddr::V6(address) => SPECIAL_V6.iter().any(|network| network.contains(&address)),
        };
        !special || self.allow(address)
    }

    /// Whether nothing may be posted to a URL, as far as that shows: what a name leads to is looked at where it is resolved.
    pub fn refuse(&self, url: &Url) -> bool {
        literal(url).is_some_and(|address| !self.admit(address))
    }

    /// Whether the operator allows an address by name: it may be spoken to in the clear.
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(&address))
    }
}

/// The address that a URL names, if it is a number and no name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Domain(_) => None,
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(allowed: &[&str]) -> Networks {
        let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
        Networks::public_and(&allowed).unwrap()
    }

    #[test]
    fn what_is_not_reachable_from_everywhere_is_not_posted_to() {
        let networks = networks(&[]);
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.100.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2002:a00:1::",
        ] {
            assert!(!networks.admit(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "189.240.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(networks.admit(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_and_its_neighbours_are_not() {
        let networks = networks(&["10.1.0.0/16", "::1/128"]);
        for (address, admitted) in
            [("10.1.255.1", true), ("::ffff:10.1.0.1", true), ("10.2.0.1", false), ("::1", true)]
        {
            assert_eq!(networks.admit(address.parse().unwrap()), admitted, "{address}");
        }
        assert!(!networks.allow("1.1.1.1".parse().unwrap()), "public, and not named");
        assert!(Networks::public_and(&["10.1.0.0".to_owned()]).is_err());
    }
}
