package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// agentChild tells a copy of this test binary to be an agent: its folder.
const (
	agentChild  = "CRASH_AGENT"
	agentBroker = "CRASH_AGENT_BROKER"
	agentBoot   = "CRASH_AGENT_BOOT"
)

// jumpyClock runs well since boot; its time of day jumps between decades.
type jumpyClock struct {
	boot time.Time
	rnd  *rand.Rand
}

func (c *jumpyClock) MonoMs() uint64 { return 1000 + uint64(time.Since(c.boot).Milliseconds()) }

// WallMs is called by one goroutine at a time, the uplink's.
func (c *jumpyClock) WallMs() uint64 {
	years := c.rnd.IntN(80) - 56 // 1970 to 2049
	return uint64(max(0, time.Now().AddDate(years, 0, 0).UnixMilli()))
}

// beAgent runs a whole agent until it is stopped or killed.
func beAgent(dir string) error {
	boot, err := strconv.ParseUint(os.Getenv(agentBoot), 10, 64)
	if err != nil {
		return err
	}
	timing := uplink.DefaultTiming() // in a hurry
	timing.Pace = 0
	timing.FirstSpread, timing.BackoffMin, timing.BackoffMax = time.Millisecond, 5*time.Millisecond, 20*time.Millisecond
	timing.Retry, timing.RetryMax, timing.SealAge, timing.SealRide = 200*time.Millisecond, time.Second, 50*time.Millisecond, 10*time.Millisecond
	d, err := daemon.New(daemon.Config{
		Dir: dir, Brokers: []string{os.Getenv(agentBroker)}, Box: box, Province: province,
		Identity: protocol.Event{City: 3301, Account: "a1"}, Listen: "127.0.0.1:0",
		API:    localapi.Config{NativeRate: 100_000, StoreWait: 300 * time.Millisecond},
		Outbox: outbox.Options{BatchEvents: batchEvents, Hardware: [8]byte{1}},
		Timing: timing,
		Clock:  &jumpyClock{time.Now(), rand.New(rand.NewPCG(boot, 9))}, BootID: fmt.Sprint("boot-", boot),
		Version: "crash",
	})
	if err != nil {
		return err
	}
	fmt.Println("listen", d.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return d.Run(ctx)
}
