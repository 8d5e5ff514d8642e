package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
)

// killDir tells a copy of this test binary to be the process that is killed.
const killDir = "LEDGER_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stderr, commitForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitForEver goes on where the ledger stands, loads blocks meanwhile, and
// prints each number when its commit has returned.
func commitForEver(dir string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	mark, err := l.Mark(ctx, ledgertest.BoxID(1), 1)
	if err != nil {
		return err
	}
	st := ledgertest.Resume(ledgertest.BoxID(1), 33, 1, mark)
	for {
		v, err := l.Commit(ctx, []ledger.Received{st.Next(2), st.Next(3), st.Next(4)})
		if err != nil {
			return err
		}
		fmt.Println(v[2].Mark.Through)
		if st.No%4 == 0 {
			b, err := l.Bind(ctx, 30)
			if err != nil {
				return err
			}
			if err := l.Loaded(ctx, b.ID, nil); err != nil {
				return err
			}
		}
	}
}

// A process killed while it commits leaves every commit that returned, whole
// groups only, and accounts that agree.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 4 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), killDir+"="+dir)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var told uint64
		lines := bufio.NewScanner(out)
		for range 5 + 7*round {
			if !lines.Scan() {
				t.Fatalf("the process ended by itself: %v", c.Wait())
			}
			if _, err := fmt.Sscan(lines.Text(), &told); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it said before it died
			if _, err := fmt.Sscan(lines.Text(), &told); err != nil {
				break // half a line
			}
		}
		_ = c.Wait() // killed
		checkAfterKill(t, dir, told)
	}
}

func checkAfterKill(t *testing.T, dir string, told uint64) {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := context.Background()
	mark, err := l.Mark(ctx, ledgertest.BoxID(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	if mark.Through < told || mark.Through%3 != 0 || mark.Seq != mark.Through*3 || mark.Lost != 0 {
		t.Fatalf("mark %+v; %d batches in groups of three were told as committed", mark, told)
	}
	gaps, err := l.Gaps(ctx)
	if err != nil || len(gaps) != 1 || gaps[0].Received != mark.Seq {
		t.Fatalf("gaps %+v, %v; want %d received", gaps, err, mark.Seq)
	}
	var rows, unloaded uint64
	if err := l.read.QueryRow(`SELECT count(*) FROM batch`).Scan(&rows); err != nil || rows != mark.Through {
		t.Fatalf("%d header rows, %v; want %d", rows, err, mark.Through)
	}
	err = l.read.QueryRow(`SELECT ifnull(sum(n), 0) FROM batch WHERE id > (SELECT loaded FROM progress)`).Scan(&unloaded)
	if backlog, _ := l.Backlog(ctx); err != nil || backlog != unloaded {
		t.Fatalf("backlog %d, %v; %d events are not loaded", backlog, err, unloaded)
	}
}
