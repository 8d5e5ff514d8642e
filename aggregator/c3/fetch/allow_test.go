package fetch

import (
	"net/netip"
	"testing"
)

func TestAllow(t *testing.T) {
	f := func(entry, host, address string, want bool) {
		t.Helper()
		list, err := parseAllow([]string{entry})
		if err != nil {
			t.Fatal(err)
		}
		to := netip.MustParseAddrPort(address)
		if got := list.permits(host, to.Addr(), to.Port()); got != want {
			t.Fatalf("%s permits %s, which is %s: %v", entry, host, address, got)
		}
	}
	f("10.1.0.0/16", "10.1.2.3", "10.1.2.3:21", true)
	f("10.1.0.0/16", "any.example", "10.1.2.3:2100", true)
	f("10.1.0.0/16", "10.2.2.3", "10.2.2.3:21", false)
	f("10.1.0.0/16:21", "10.1.2.3", "10.1.2.3:21", true)
	f("10.1.0.0/16:21", "10.1.2.3", "10.1.2.3:22", false)
	f("10.1.2.3", "10.1.2.3", "[::ffff:10.1.2.3]:21", true)
	f("[2001:db8::/32]:22", "2001:db8::1", "[2001:db8::1]:22", true)
	f("2001:db8::/32", "2001:db8::1", "[2001:db8::1]:22", true)
	f("2001:db8::1", "2001:db8::1", "[2001:db8::2]:22", false)
	f("CP.example", "cp.Example", "10.9.9.9:21", true)
	f("cp.example:21", "cp.example", "10.9.9.9:22", false)
	f("cp.example", "other.example", "10.9.9.9:21", false)
	f("cp.example", "x.cp.example", "10.9.9.9:21", false)

	// Loopback, link and metadata: only by an entry that means them.
	for _, a := range []string{"127.0.0.1:80", "169.254.169.254:80", "0.0.0.0:80", "[::1]:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80",
		"100.100.100.200:80", "[fd00:ec2::254]:80", "224.0.0.1:80", "[64:ff9b::7f00:1]:80", "[2002:7f00:1::]:80", "[::127.0.0.1]:80"} {
		f("cp.example", "cp.example", a, false)
		f("0.0.0.0/0", "h", a, false)
		f("::/0", "h", a, false)
		f("100.64.0.0/10", "h", a, false)
		f("fd00::/8", "h", a, false)
	}
	f("127.0.0.0/8", "h", "127.0.0.1:80", true)
	f("127.0.0.1:80", "h", "127.0.0.1:80", true)
	f("127.0.0.1:80", "h", "127.0.0.2:80", false)
	f("169.254.169.254", "h", "169.254.169.254:80", true)
	f("0.0.0.0/0", "h", "8.8.8.8:80", true)

	bad := func(entry string) {
		t.Helper()
		if list, err := parseAllow([]string{entry}); err == nil {
			t.Fatalf("%q is read as %+v", entry, list)
		}
	}
	for _, entry := range []string{"", ":21", "h:", "h:0", "h:70000", "h:x", "ftp://h", "u@h", "10.0.0.0/33", "[::1", "[::1]x", "*.example", "fe80::1%eth0"} {
		bad(entry)
	}
	var none allowList
	if none.permits("h", netip.MustParseAddr("10.0.0.1"), 21) {
		t.Error("an empty list permits")
	}
}
