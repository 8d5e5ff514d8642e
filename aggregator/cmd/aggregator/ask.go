package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/console"
	"iptvdc/aggregator/settings"
)

// asked is a running aggregator, and how to ask it. The store belongs to that
// process alone, so what boxes run can only be had from it.
type asked struct {
	data, url, token string
	// patience is how long an answer may take; 0: askPatience.
	patience time.Duration
}

func (a *asked) flags(cmd *cobra.Command) {
	dataFlag(cmd, &a.data)
	cmd.Flags().StringVar(&a.url, "url", "", "`URL` of the aggregator's page; without: where it was last started on --data")
	cmd.Flags().StringVar(&a.token, "token", os.Getenv("IPTV_TOKEN"), "API `TOKEN`, or in IPTV_TOKEN; without: --data itself signs in")
	cmd.Flags().Lookup("token").DefValue = ""
}

// askPatience is longer than the aggregator takes for its longest answer.
const askPatience = 45 * time.Second

// errNotThere says that what was asked for does not exist, in the words of the
// aggregator asked.
type errNotThere struct{ page, says string }

func (e *errNotThere) Error() string { return e.page + ": " + e.says }

// running asks what boxes run. Errors say what to do.
func (a *asked) running(ctx context.Context, province string) (console.RunningAnswer, error) {
	var answer console.RunningAnswer
	path := "/api/v1/profiles/running"
	if province != "" {
		path += "?province=" + province
	}
	err := a.call(ctx, http.MethodGet, path, &answer)
	var none *errNotThere
	if errors.As(err, &none) {
		err = fmt.Errorf("what answers at %s cannot say what boxes run; if it is an older aggregator, start this release there", none.page)
	}
	return answer, err
}

// call asks a running aggregator. Errors say what to do. A *[]byte takes the answer as
// it is, a file.
func (a *asked) call(ctx context.Context, method, path string, into any) error {
	return a.send(ctx, method, path, nil, into)
}

// send is call with a body, which nil leaves out.
func (a *asked) send(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	page := a.url
	if page == "" {
		b, err := os.ReadFile(filepath.Join(a.data, pageFile))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("no aggregator has been started on %s yet; start it with: aggregator serve --data %s", a.data, a.data)
		}
		if err != nil {
			return err
		}
		page = strings.TrimSpace(string(b))
	}
	if u, err := url.Parse(page); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("url: %q; write the page's address as http://127.0.0.1:8080/", page)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(page, "/")+path, content)
	if err != nil {
		return err
	}
	end, err := a.signIn(ctx, req)
	if err != nil {
		return err
	}
	return errors.Join(a.get(req, page, into), end())
}

// signIn lets the request in: with the token, or else with a session that end
// takes away again. Who may write into the data folder may sign in anyway.
func (a *asked) signIn(ctx context.Context, req *http.Request) (end func() error, err error) {
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
		return func() error { return nil }, nil
	}
	s, err := settings.Open(ctx, filepath.Join(a.data, settingsFile), time.Now)
	if err != nil {
		return nil, fmt.Errorf("%w; give an API token with --token TOKEN (aggregator token makes one)", err)
	}
	key, err := s.NewLink(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	session, err := s.Redeem(ctx, key, settings.Visitor{Agent: "aggregator"})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	req.AddCookie(&http.Cookie{Name: console.SessionCookie, Value: session})
	return func() error {
		_, err := s.EndSession(context.WithoutCancel(ctx), session)
		return errors.Join(err, s.Close())
	}, nil
}

func (a *asked) get(req *http.Request, page string, into any) error {
	// A secret goes to the address given and no further.
	client := &http.Client{Timeout: cmp.Or(a.patience, askPatience), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return fmt.Errorf("no aggregator answers at %s (%w); start it with: aggregator serve --data %s, or say where it is with --url URL", page, err, a.data)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	var fault struct {
		Error struct{ Message string }
	}
	if resp.StatusCode != http.StatusOK {
		_ = json.Unmarshal(b, &fault) // else its status has to do
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized && a.token != "":
		return fmt.Errorf("the aggregator at %s does not know this token; make one on its machine with: aggregator token --data DIR", page)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the aggregator at %s works on another folder than %s; give its folder with --data DIR, or a token with --token TOKEN", page, a.data)
	case resp.StatusCode == http.StatusNotFound:
		return &errNotThere{page, strings.TrimSpace(resp.Status + " " + fault.Error.Message)}
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s %s", page, resp.Status, fault.Error.Message)
	}
	if file, ok := into.(*[]byte); ok {
		*file = b
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("what answers at %s is no aggregator: %w; say where it is with --url URL", page, err)
	}
	return nil
}
