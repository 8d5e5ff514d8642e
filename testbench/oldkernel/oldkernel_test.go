package oldkernel

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Main()
	if os.Getenv("OLDKERNEL_TRIES") != "" {
		try()
		return
	}
	os.Exit(m.Run())
}

// try makes calls of before and after 3.10 and says what came of them.
func try() {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, "/", 0, 0, &st)
	fmt.Println("statx:", err)
	_, err = unix.Getrandom(make([]byte, 4), 0)
	fmt.Println("getrandom:", err)
	_, _, e := unix.Syscall(500, 0, 0, 0)
	fmt.Println("500:", e)
	var plain unix.Stat_t
	fmt.Println("stat:", unix.Stat("/", &plain))
	var name unix.Utsname
	err = unix.Uname(&name)
	fmt.Printf("uname: %v %.4s\n", err, name.Release[:])
}

// TestFilter: what came later is refused and noted, all else is as ever; and it ends with
// the program, killed or not.
func TestFilter(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "OLDKERNEL_TRIES=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	var calls Calls
	err = Start(cmd, &calls)
	if errors.Is(err, ErrUnable) {
		t.Skip(err)
	}
	if err := errors.Join(err, cmd.Wait(), calls.Wait()); err != nil {
		t.Fatal(err)
	}
	const want = "statx: function not implemented\ngetrandom: function not implemented\n500: function not implemented\nstat: <nil>\nuname: <nil> 2.6."
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("%s\nwant %s", out.String(), want)
	}
	tried := calls.Tried()
	for _, name := range []string{"statx", "getrandom", "call 500"} {
		if !slices.Contains(tried, name) {
			t.Errorf("%s is not noted: %v", name, tried)
		}
	}
	// A C library, as the race detector has, tries more.
	if missed := Missed(tried); !slices.Contains(missed, "call 500") || slices.Contains(missed, "statx") {
		t.Errorf("missed %v", missed)
	}
}

func TestTraced(t *testing.T) {
	tried, calls, err := Traced(strings.NewReader(`4711 openat(AT_FDCWD,"/dev/urandom",O_RDONLY|O_LARGEFILE) = 3
4711 getrandom(0x1,8,0) = 8
4712 Unknown syscall 422
4712 Unknown syscall 983045
4712 Unknown syscall 460
4712 statx(AT_FDCWD,"/",0,2047,0x1) = 0
4711 finit_module(3,0,0) = -1 errno=1 (Operation not permitted)
--- SIGURG {si_signo=SIGURG, si_code=SI_TKILL} ---
`))
	if err != nil || calls != 7 || !slices.Equal(tried, []string{"call 460", "futex_time64", "getrandom", "statx"}) {
		t.Errorf("%v of %d calls, %v", tried, calls, err)
	}
}
