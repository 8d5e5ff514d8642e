package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/indicator"
)

// holidays reads the list of holidays that the config names, or the one that is
// built in.
func (c *Config) holidays() (*indicator.Holidays, error) {
	if c.Holidays == "" {
		return indicator.ParseHolidays(strings.NewReader(indicator.BuiltInHolidays))
	}
	return readHolidays(c.Holidays)
}

func readHolidays(path string) (*indicator.Holidays, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	h, err := indicator.ParseHolidays(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

func holidaysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "holidays [FILE]", Short: "Print the public holidays built in, or say whether FILE can take their place", Args: cobra.MaximumNArgs(1),
		Long: "Print the list of public holidays that is built in, to start from: a line a holiday and year with its first free day, its feast and its last free day. Comparisons with align holiday use it. An edited list holds from the next start if the key holidays of the config names it; with FILE, say what is wrong with one.",
		Example: `  aggregator holidays > holidays.csv
  aggregator holidays holidays.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprint(cmd.OutOrStdout(), indicator.BuiltInHolidays)
				return err
			}
			if _, err := readHolidays(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return err
		},
	}
}
