package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"iptvdc/agent/identity"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// checkClaim explains what is wrong with what Config says of certificates.
func (c *Config) checkClaim() error {
	if c.Serial != "" {
		if err := protocol.CheckSerial(c.Serial); err != nil {
			return err
		}
	}
	if c.Claim == "" {
		return nil
	}
	if _, err := protocol.ParseCredential(c.Claim); err != nil {
		return err
	}
	if c.TLS != nil && len(c.TLS.Certificates) > 0 {
		return errors.New("claim: stands beside -cert and -key; a box that has a certificate claims none")
	}
	for _, b := range c.Brokers {
		if strings.HasPrefix(b, "tls://") {
			return nil
		}
	}
	return errors.New("claim: none of the brokers is tls://, and a certificate is asked for over nothing else; write -broker tls://host:8883")
}

// openIdentity reads the box's certificate, and prepares to claim or renew it. A box
// without a claim credential and a certificate has no keeper, as one that is given its
// certificate by -cert.
func (d *Daemon) openIdentity() error {
	c := &d.cfg
	if c.IdentityDir == "" {
		c.IdentityDir = c.Dir
	}
	given := c.TLS != nil && len(c.TLS.Certificates) > 0
	if _, err := os.Stat(filepath.Join(c.IdentityDir, identity.File)); c.Claim == "" && (err != nil || given) {
		return nil
	}
	var claim protocol.Credential
	if c.Claim != "" {
		var err error
		if claim, err = protocol.ParseCredential(c.Claim); err != nil {
			return err
		}
	}
	disk := c.IdentityDisk
	if disk == nil {
		if err := os.MkdirAll(c.IdentityDir, 0o700); err != nil {
			c.Log.Error("no folder for the box's certificate; none is claimed until there is one", "error", err)
		}
		disk = identity.Folder(c.IdentityDir)
		if _, err := disk.Read(identity.File); errors.Is(err, fs.ErrNotExist) {
			// A folder that was just made, with a key in it, must not be gone after a cut:
			// the serial would be used up.
			if err := syncFolder(filepath.Dir(c.IdentityDir)); err != nil {
				c.Log.Warn("the folder above that of the certificate cannot be synced; should it be new, a power cut at once could lose both", "error", err)
			}
		}
	}
	keeper, err := identity.Open(identity.Config{
		Disk: disk, Box: c.Box, Serial: c.Serial, Province: c.Province, Claim: claim, Token: c.Token,
		MonoMs: c.Clock.MonoMs, BackoffMin: c.Timing.BackoffMin, BackoffMax: c.Timing.BackoffMax, Log: c.Log,
		Ask: func(ctx context.Context, q identity.Question) ([]byte, error) {
			u := d.link.Load()
			if u == nil {
				return nil, errors.New("the uplink is not there yet")
			}
			return u.Ask(ctx, uplink.Question(q))
		},
		Replaced: func() {
			if u := d.link.Load(); u != nil {
				u.Hurry()
			}
		},
	})
	d.keeper = keeper
	return err
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// identify has an uplink show the box's certificate, and wait for the first.
func (d *Daemon) identify(c *uplink.Config) {
	if d.keeper == nil {
		return
	}
	c.Certificate, c.Ready, c.Refused = d.keeper.Certificate, d.keeper.Ready, d.keeper.Refused
	if synced := c.Synced; synced != nil {
		c.Synced = func(serverMs, monoMs uint64) {
			synced(serverMs, monoMs)
			d.keeper.Heard(serverMs, monoMs)
		}
	}
}

// keep has u work until ctx is done, and the keeper beside it.
func (d *Daemon) keep(ctx context.Context, u *uplink.Uplink) {
	var beside sync.WaitGroup
	defer beside.Wait()
	if d.keeper != nil {
		beside.Go(func() { d.keeper.Run(ctx) })
	}
	_ = u.Run(ctx) // ends with ctx, and says so
}

// boardSerial is what the board tells of itself: its serial, else the address of its
// network card, else the box's id. Some makers fill the serial with one digit.
func boardSerial(h hardware, box string) string {
	if s := h.serial; s != "" && strings.Trim(s, s[:1]) != "" && protocol.CheckSerial(s) == nil {
		return s
	}
	if h.mac != "" && protocol.CheckSerial(h.mac) == nil {
		return h.mac
	}
	return box
}
