package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// status is what the bench reads of the agent's own.
type status struct {
	Box, Epoch string
	Outbox     struct {
		Events, Open int // sealed and not acknowledged; not sealed yet
	}
	Recorder struct{ Pending int }
	Update   *struct {
		Slot                  string
		Version, Seen, Failed uint64
	}
}

func (p *play) status() (s status, err error) {
	err = getJSON("http://"+p.vm.Addr(8080)+"/v1/status", "", &s)
	if err == nil && (s.Box == "" || s.Epoch == "") {
		err = errors.New("the status names no box or no epoch yet")
	}
	return s, err
}

func getJSON(url, token string, into any) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// door gives the box itself an order.
func (p *play) door(order string) (string, error) {
	conn, err := net.DialTimeout("tcp", p.vm.Addr(8081), 10*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(conn, order); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	return strings.TrimSpace(string(text)), err
}
