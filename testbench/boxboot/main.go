package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var p play
	base := flag.String("base", "", "only write root.tar and ram.tar into this `folder`")
	flag.StringVar(&p.cache, "cache", "bin/armvm", "`folder` for the board's kernel")
	flag.StringVar(&p.agent, "agent", "bin/firmware/stbagent-armv7", "the agent, a `file`")
	flag.StringVar(&p.aggregator, "aggregator", "bin/aggregator", "the aggregator, a `file`")
	flag.StringVar(&p.update, "update", "", "another version of the agent, a `file`, which the box takes as an update; without: no updates")
	flag.StringVar(&p.updateVersion, "update-version", "", "`version` that it tells")
	flag.IntVar(&p.cuts, "cuts", 3, "power cuts")
	flag.Uint64Var(&p.seed, "seed", uint64(time.Now().UnixNano()), "of the moments of the cuts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := p.run
	if *base != "" {
		run = func(ctx context.Context) error { return writeBases(ctx, p.cache, *base) }
	}
	p.dice = rand.New(rand.NewPCG(p.seed, 1))
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "boxboot:", err)
		os.Exit(1)
	}
}
