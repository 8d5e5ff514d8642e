package fetch

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// allowList says which addresses may be dialled. The zero list permits none.
type allowList []allowed

// allowed is one entry: a name or a prefix, with a port or all.
type allowed struct {
	name   string
	prefix netip.Prefix
	port   uint16 // 0: every port
}

// special are addresses by which a machine reaches itself, its link or its
// cloud's metadata, and those that carry another address inside. Names never
// lead there, nor do wide prefixes: an entry must lie within the block.
var special = func() (all []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "255.255.255.255/32",
		"100.100.100.200/32", "168.63.129.16/32", // metadata outside the link-local block
		"::/96", "fe80::/10", "ff00::/8", "fd00:ec2::/32",
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", // NAT64, 6to4, Teredo
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// parseAllow reads entries: host, host:port, CIDR, CIDR:port; IPv6 with a port
// in brackets, as [2001:db8::/32]:21.
func parseAllow(entries []string) (allowList, error) {
	var list allowList
	for _, text := range entries {
		a, err := parseAllowed(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("allow %q: %w", text, err)
		}
		list = append(list, a)
	}
	return list, nil
}

func parseAllowed(text string) (allowed, error) {
	if a, ok := literal(text); ok {
		return a, nil
	}
	host, port := text, ""
	switch i := strings.LastIndexByte(text, ':'); {
	case strings.HasPrefix(text, "["):
		inside, after, ok := strings.Cut(text[1:], "]")
		if !ok || after != "" && after[0] != ':' {
			return allowed{}, fmt.Errorf("brackets are written as [2001:db8::/32]:21")
		}
		host, port = inside, strings.TrimPrefix(after, ":")
	case i >= 0:
		host, port = text[:i], text[i+1:]
		if port == "" {
			return allowed{}, fmt.Errorf("a colon without a port")
		}
	}
	a, ok := literal(host)
	if !ok {
		if host == "" || strings.ContainsAny(host, ":/@*?#[]% ") {
			return allowed{}, fmt.Errorf("neither a host's name nor an address or CIDR")
		}
		a.name = strings.ToLower(host)
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return allowed{}, fmt.Errorf("the port is no number from 1 to 65535")
		}
		a.port = uint16(n)
	}
	return a, nil
}

func literal(text string) (allowed, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return allowed{prefix: p.Masked()}, true
	}
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return allowed{prefix: netip.PrefixFrom(ip, ip.BitLen())}, true
	}
	return allowed{}, false
}

// permits reports whether ip, to which host resolved, may be dialled. Port 0
// asks for the address alone.
func (l allowList) permits(host string, ip netip.Addr, port uint16) bool {
	if ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	block := slices.IndexFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
	return slices.ContainsFunc(l, func(a allowed) bool {
		if a.port != 0 && port != 0 && a.port != port {
			return false
		}
		if a.name != "" {
			return block < 0 && strings.EqualFold(a.name, host)
		}
		return a.prefix.Contains(ip) && (block < 0 || a.prefix.Bits() >= special[block].Bits())
	})
}

func forbidden(host string, ip netip.Addr, port uint16) *Error {
	target := net.JoinHostPort(ip.String(), strconv.Itoa(int(port)))
	if host != ip.String() {
		target = host + ", which is " + target + ","
	}
	return &Error{Code: CodeForbidden, Text: target + " is not in the list of allowed addresses"}
}
