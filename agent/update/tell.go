package update

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// Tell tells a Guard that the program lives, as long as alive returns nil in time, until
// ctx is done. Alive goes through what would stand still if the program hung; when it does
// not return, nothing is told. Silent is that of the Guard.
func Tell(ctx context.Context, pipe *os.File, silent time.Duration, alive func(context.Context) error, log *slog.Logger) {
	every := silent / tellsWithin
	for {
		err := alive(ctx)
		if err == nil {
			if err = pipe.SetWriteDeadline(time.Now().Add(every)); err == nil {
				_, err = pipe.Write([]byte{'.'})
			}
		}
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, syscall.EPIPE):
			log.Warn("update: nobody watches the agent any more")
			return
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded): // full: the guard has enough to read
			log.Warn("update: the agent does not tell that it lives", "error", err)
		}
		if sleep(ctx, every) != nil {
			return
		}
	}
}
