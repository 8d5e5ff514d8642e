// Package daemon joins the agent's parts into one running program: recorder,
// session, outbox, uplink and the loopback endpoint. A process may run many,
// each with a folder of its own.
package daemon

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/identity"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// Config of one agent. Dir, Brokers, Province and Identity.City must be set;
// everything else has a default.
type Config struct {
	// Dir is the agent's own folder: outbox, box id, socket. It is created.
	Dir string
	// Brokers in the order in which they are tried.
	Brokers []string
	// Box is the box's id; "": the one stored in Dir, else one derived from
	// the hardware and stored.
	Box      string
	Province uint8
	// Identity is Account, STBID, MAC, City, Model and Firmware; Province is
	// set from above.
	Identity protocol.Event
	Token    string      // MQTT password
	TLS      *tls.Config // nil: the system's roots
	// Claim is the credential (protocol.Credential) by which the box claims its
	// certificate; "": it has one already, or needs none.
	Claim string
	// Serial of the board; "": from the hardware.
	Serial string
	// IdentityDir is where key and certificate lie; "": Dir. It is created. One that a
	// factory reset leaves alone spares the box another claim.
	IdentityDir string
	// Listen is the loopback address, as 127.0.0.1:7780; "": no endpoint.
	Listen string
	API    localapi.Config // limits and origins only
	Outbox outbox.Options
	Timing uplink.Timing
	// Lines is the socket for programs of the box.
	Lines LinesConfig
	// Metrics serves GET /metrics on Listen, to programs only.
	Metrics bool
	// HealthEvery says how often a health event is recorded while no profile
	// says so; nil or a result of 0: never. It is asked again and again.
	HealthEvery func() time.Duration

	Window int           // batches under way, 0: 4
	Group  time.Duration // commit window, 0: 250 ms
	Alive  time.Duration // between two alive marks while something plays, 0: 60 s

	// ProfileKeys are the public keys of those who may steer the box; none: no
	// profile is heard. ProfileGroup is the box's group beside all; "": its model.
	ProfileKeys  protocol.Keys
	ProfileGroup string

	// Update is how the agent renews itself; without Update.Keys it does not.
	Update UpdateConfig

	Version   string
	NotBefore time.Time // when the program was built
	Log       *slog.Logger

	// For tests and simulations; zero: the machine's.
	Clock  agent.Clock
	BootID string
	// BootRand gives the first boot counter of a box without a memory; nil:
	// crypto/rand.
	BootRand io.Reader
	// OwnTime takes no time from acks: Clock does not run as the centre's does.
	OwnTime bool
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	// IdentityDisk keeps the box's key and certificate; nil: IdentityDir.
	IdentityDisk identity.Disk
	Rand         *rand.Rand
	Listener     net.Listener
}

// Validate explains what is wrong with c, naming the flag.
func (c *Config) Validate() error {
	if c.Dir == "" {
		return errors.New("data: no folder given; write -data DIR")
	}
	if len(c.Brokers) == 0 {
		return errors.New("broker: none given; write -broker tcp://host:1883 or tls://host:8883")
	}
	for _, b := range c.Brokers {
		if _, err := uplink.ParseBroker(b); err != nil {
			return err
		}
	}
	if c.Province < 11 || c.Province > 82 {
		return fmt.Errorf("province: %d; write the first two digits of its code, as -province 33 for Zhejiang", c.Province)
	}
	if city := c.Identity.City; city != 0 && city/100 != uint32(c.Province) {
		return fmt.Errorf("city: %d does not lie in province %d; write its four digits, as -city %d01", city, c.Province, c.Province)
	}
	if err := c.checkProfiles(); err != nil {
		return err
	}
	if err := cmp.Or(c.checkClaim(), c.Update.validate()); err != nil {
		return err
	}
	if c.Box != "" {
		if err := protocol.CheckBox(c.Box); err != nil {
			return err
		}
	}
	if c.Listen != "" {
		host, _, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return fmt.Errorf("listen: %q is no address; write 127.0.0.1:7780", c.Listen)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("listen: %q is not a loopback address; allowed: 127.0.0.1, ::1, localhost", host)
		}
	}
	if err := c.Timing.Validate(); err != nil {
		return err
	}
	return c.Outbox.Validate()
}
