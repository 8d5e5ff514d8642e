package settings

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Options of the whole platform, changed by administrators.
type Options struct {
	// Watermark writes the reader's name on every page and export.
	Watermark bool `json:"watermark"`
	// TOTP must be set up by administrators before they may do anything else.
	AdminTOTP bool `json:"admin_totp"`
	// NoLinks are roles that do not bring the power to make share links, whatever they
	// say: what such links show is gone with the next request.
	NoLinks []string `json:"no_links"`
}

func (d *directory) options() Options {
	return Options{Watermark: d.settings["watermark"] == "true", AdminTOTP: d.settings["admin_totp"] == "true", NoLinks: append([]string{}, words(d.settings["no_links"])...)}
}

// SetOptions changes them.
func (s *Settings) SetOptions(ctx context.Context, p Principal, o Options) error {
	if !p.Powers.Has(Administer) {
		return errNoAdministrator
	}
	return wrap("options", s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range o.NoLinks {
			if d.roles[name].Name == "" {
				return faultf("bad_role", "There is no role %q; allowed: %s.", clip(name), strings.Join(d.roleNames(), ", "))
			}
		}
		roles := strings.Join(o.NoLinks, ",")
		for name, value := range map[string]string{"watermark": fmt.Sprint(o.Watermark), "admin_totp": fmt.Sprint(o.AdminTOTP), "no_links": roles} {
			if _, err := tx.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, p, "options_set", "", fmt.Sprintf("watermark=%t admin_totp=%t no_links=%s", o.Watermark, o.AdminTOTP, roles))
	}))
}
