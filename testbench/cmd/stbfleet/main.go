// Command stbfleet plays households with set-top boxes against an aggregator,
// writes down what truly happened, and compares it with the figures.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// errNotEqual ends verify after its report was printed.
var errNotEqual = errors.New("not equal")

// run is the program; it returns the exit status.
func run(args []string, out, errOut io.Writer) int {
	// The first interrupt ends the play and drains; the second ends the
	// program.
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	interrupt := make(chan os.Signal, 2)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupt)
	end := make(chan struct{})
	go func() {
		select {
		case <-interrupt:
			close(end)
		case <-ctx.Done():
			return
		}
		select {
		case <-interrupt:
			stop()
		case <-ctx.Done():
		}
	}()
	cmd := root(end)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, errNotEqual):
		fmt.Fprintln(errOut, "stbfleet:", err)
	}
	return 1
}

func root(end <-chan struct{}) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "stbfleet",
		Short:         "Play households with set-top boxes, and check what the aggregator makes of them",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(runCommand(end), listCommand(), backfillCommand(end), verifyCommand(end), feedsCommand(), versionCommand())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "stbfleet", version)
			return err
		},
	}
}
