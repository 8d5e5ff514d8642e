package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator/console"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/signon"
)

// SignOnRole is what a value of the provider's claim stands for.
type SignOnRole struct {
	Value string `yaml:"value"`
	Role  string `yaml:"role"`
	// Provinces are two digits each, or all.
	Provinces []string `yaml:"provinces"`
}

// signOnPath is where the provider sends people back.
const signOnPath = "/signon/callback"

// signOn is the sign-on provider with what follows from its word; nil: none is set up.
// Nothing is asked of it.
func (c *Config) signOn() (*console.SignOn, error) {
	o := &c.SignOn
	if o.Issuer == "" {
		if o.ClientID != "" || len(o.Roles) > 0 {
			return nil, errors.New("issuer: empty, though the rest is set; give the provider's address, as https://id.example.com/realms/tv")
		}
		return nil, nil
	}
	secret, err := secretOr("", o.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("client_secret_file: %w", err)
	}
	if u, err := url.Parse(o.RedirectURL); err != nil || u.Path != signOnPath {
		return nil, fmt.Errorf("redirect_url: %q; write the page's address as browsers reach it, with %s behind it", o.RedirectURL, signOnPath)
	}
	p, err := signon.New(signon.Config{Issuer: o.Issuer, ClientID: o.ClientID, Secret: secret, RedirectURL: o.RedirectURL, Scopes: strings.Fields(o.Scopes), Claim: o.Claim, VerifiedEmail: o.Email == "verified"}, time.Now)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"refuse", "create"}, o.Nobody) {
		return nil, fmt.Errorf("nobody: %q, allowed refuse (who has no role is not let in), create (they are, and hold nothing)", o.Nobody)
	}
	if !slices.Contains([]string{"verified", "any"}, o.Email) {
		return nil, fmt.Errorf("email: %q, allowed verified (who has none is not let in), any", o.Email)
	}
	if len(o.Roles) > 0 && o.Claim == "" {
		return nil, errors.New("claim: empty, though roles are set; name the claim whose values stand for them, as groups")
	}
	out := &console.SignOn{Provider: p, Name: o.Name, Create: o.Nobody == "create"}
	for i, r := range o.Roles {
		permit, err := r.permit()
		if err != nil {
			return nil, fmt.Errorf("roles[%d]: %w", i, err)
		}
		out.Roles = append(out.Roles, console.SignOnRole{Value: r.Value, Permit: permit})
	}
	return out, nil
}

func (r *SignOnRole) permit() (settings.Permit, error) {
	p := settings.Permit{Role: r.Role}
	switch {
	case r.Value == "" || r.Role == "":
		return p, errors.New("give value and role")
	case len(r.Provinces) == 0:
		return p, errors.New("in which provinces? Give provinces, as [\"33\"], or [all]")
	case slices.Equal(r.Provinces, []string{"all"}):
		p.Scope.All = true
	default:
		var err error
		if p.Scope, err = scopeOf(r.Provinces); err != nil {
			return p, err
		}
	}
	if r.Role == settings.RoleAdministrator && !p.Scope.All {
		return p, errors.New("an administrator is one of all provinces; write [all]")
	}
	return p, nil
}

// proxies are those whose word is taken on where a request came from.
func (c *Config) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for text := range strings.FieldsFuncSeq(c.HTTP.TrustedProxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no address and no range of them; write 10.0.0.1 or 10.0.0.0/24, several with commas between them", text)
		}
		if p.Bits() == 0 {
			return nil, fmt.Errorf("%q is everybody: whoever asks could claim to be anybody; name the proxies", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// missingRoles are roles that the mapping names and that are not there.
func missingRoles(o *console.SignOn, roles []settings.Role) []string {
	var missing []string
	for _, r := range o.Roles {
		if !slices.ContainsFunc(roles, func(have settings.Role) bool { return have.Name == r.Permit.Role }) && !slices.Contains(missing, r.Permit.Role) {
			missing = append(missing, r.Permit.Role)
		}
	}
	return missing
}
