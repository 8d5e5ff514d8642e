package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"iptvdc/protocol"
)

const (
	// piece is what is asked for at once: a cut loses that much at most, and the
	// link is free for events between two.
	piece = 64 << 10
	// syncEvery bounds what a power cut loses, and what flash is asked to do.
	syncEvery   = 1 << 20
	askTimeout  = 30 * time.Second
	maxAnswer   = protocol.MaxPacketDown
	spareOnDisk = 1 << 20 // is left to others
)

// errHours says that fetching stops for now; it goes on where it was.
var errHours = errors.New("outside the hours for updates")

// offer asks the bases in turn; nil: nothing is offered now.
func (u *Updater) offer(ctx context.Context, version uint64) ([]byte, error) {
	q := url.Values{"box": {u.cfg.Box}, "province": {fmt.Sprintf("%02d", u.cfg.Province)}, "build": {u.cfg.Self.Build},
		"version": {strconv.FormatUint(version, 10)}}
	if u.cfg.Model != "" {
		q.Set("model", u.cfg.Model)
	}
	var all []error
	for i := range u.cfg.URLs {
		base := u.cfg.URLs[(u.first+i)%len(u.cfg.URLs)]
		packet, err := u.ask(ctx, strings.TrimSuffix(base, "/")+"/update/v1/offer?"+q.Encode())
		if err == nil {
			u.first = (u.first + i) % len(u.cfg.URLs)
			return packet, nil
		}
		all = append(all, fmt.Errorf("%s: %w", base, err))
	}
	return nil, errors.Join(all...)
}

func (u *Updater) ask(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return nil, nil
	case http.StatusOK:
	default:
		return nil, fmt.Errorf("it says %s", resp.Status)
	}
	packet, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(packet) > maxAnswer {
		err = fmt.Errorf("an offer above %d bytes", maxAnswer)
	}
	return packet, err
}

// places are where the program of a manifest is.
func (u *Updater) places(m *protocol.Manifest) []string {
	var all []string
	for _, base := range u.cfg.URLs {
		all = append(all, strings.TrimSuffix(base, "/")+"/update/v1/files/"+m.SHA256)
	}
	for _, base := range m.URLs {
		all = append(all, strings.TrimSuffix(base, "/")+"/"+m.SHA256)
	}
	return all
}

// fetch brings the program of a manifest into its part, going on where it was
// cut off. It does not look at what it is. At once says that it was not cut off:
// no crash can have spoiled it.
func (u *Updater) fetch(ctx context.Context, m *protocol.Manifest) (atOnce bool, err error) {
	name := u.disk.path(partName + m.SHA256)
	if err := u.disk.before("download", name); err != nil {
		return false, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	if have > int64(m.Size) {
		if err := f.Truncate(0); err != nil {
			return false, err
		}
		have = 0
	}
	atOnce = have == 0
	synced := have
	places := u.places(m)
	failed := 0 // places in a row
	for have < int64(m.Size) {
		if !u.allowed() {
			return false, errors.Join(errHours, u.disk.sync(f))
		}
		began := time.Now()
		n, err := u.piece(ctx, places[u.place%len(places)], f, have, int64(m.Size))
		have += n
		if ctx.Err() != nil {
			return false, errors.Join(ctx.Err(), u.disk.sync(f))
		}
		if err != nil {
			u.log.Info("update: a place gives no more", "place", places[u.place%len(places)], "error", err)
			u.place++
			if failed++; n == 0 && failed >= len(places) {
				return false, errors.Join(err, u.disk.sync(f))
			}
			continue
		}
		failed = 0
		if have-synced >= syncEvery {
			if err := u.disk.sync(f); err != nil {
				return false, err
			}
			synced = have
		}
		if u.cfg.Rate > 0 {
			if err := u.cfg.sleep(ctx, time.Duration(n)*time.Second/time.Duration(u.cfg.Rate)-time.Since(began)); err != nil {
				return false, errors.Join(err, u.disk.sync(f))
			}
		}
	}
	return atOnce, u.disk.sync(f)
}

// piece appends the next piece to f and returns how many bytes it has more.
func (u *Updater) piece(ctx context.Context, place string, f *os.File, from, size int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return 0, err
	}
	to := min(from+piece, size)
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	resp, err := u.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-%d/", from, to-1); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return 0, fmt.Errorf("it gives %q, asked for was %s", resp.Header.Get("Content-Range"), want)
		}
	case resp.StatusCode == http.StatusOK && from == 0 && to == size:
	case resp.StatusCode == http.StatusOK:
		return 0, errors.New("it gives no part of a file")
	default:
		return 0, fmt.Errorf("it says %s", resp.Status)
	}
	if err := u.disk.before("piece", f.Name()); err != nil {
		return 0, err
	}
	n, err := io.Copy(io.NewOffsetWriter(f, from), io.LimitReader(resp.Body, to-from))
	if err == nil && n < to-from {
		err = io.ErrUnexpectedEOF
	}
	u.bytes.Add(uint64(n))
	return n, err
}

// makeRoom sees that the rest of a program fits, at the cost of the one that ran
// before last.
func (u *Updater) makeRoom(m *protocol.Manifest) error {
	need := int64(m.Size) + spareOnDisk
	if fi, err := os.Stat(u.disk.path(partName + m.SHA256)); err == nil {
		need -= fi.Size()
	}
	for tries := 0; ; tries++ {
		free, noExec, err := room(u.disk.dir)
		switch {
		case err != nil:
			return err
		case noExec:
			return refusal("exec: the data partition is mounted noexec; programs there cannot be started")
		case int64(min(free, 1<<62)) >= need:
			return nil
		case tries > 0:
			return refusal(fmt.Sprintf("space: %d bytes are free, it takes %d", free, need))
		}
		var spare string
		if err := u.disk.change(func(s *State) bool {
			spare = s.spare()
			s.clear(spare)
			return true
		}); err != nil {
			return err
		}
		if err := u.disk.remove(u.disk.program(spare)); err != nil {
			return err
		}
	}
}

// refusal is why a box does not take what it is offered: told to the centre.
type refusal string

func (r refusal) Error() string { return string(r) }
