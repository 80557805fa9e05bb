package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"theriac"
	"theriac/envelope"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

// A delivered is a message as it was posted to an inbox.
type delivered struct {
	typ     string
	message int // bytes of the message: envelope and body
	signed  int // bytes of its envelope
	answer  int // bytes of the receipt
	http    int // bytes of request and answer with their headers
}

// phase returns the phase in which a message is sent.
func (d *delivered) phase() paper.Phase {
	x, err := pedigree.Find(d.typ)
	if err != nil {
		return paper.Registration
	}
	return [...]paper.Phase{paper.Development, paper.Approval, paper.Distribution, delivery}[(x.Number-1)/2]
}

// A wiretap keeps what goes over the connections that a transport makes.
type wiretap struct {
	mu    sync.Mutex
	lines []*line
}

// A line is a connection with what went out and what came in.
type line struct {
	net.Conn
	mu      sync.Mutex
	out, in bytes.Buffer
}

// Write implements net.Conn.
func (l *line) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.Write(b[:n])
	return n, err
}

// Read implements net.Conn.
func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in.Write(b[:n])
	return n, err
}

func (w *wiretap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l := &line{Conn: c}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, l)
	return l, nil
}

// posts returns what was posted to inboxes and taken, by type.
func (w *wiretap) posts() (map[string]delivered, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]delivered{}
	for _, l := range w.lines {
		if err := l.posts(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// posts reads the requests of a line and their answers, which alternate.
func (l *line) posts(into map[string]delivered) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked, answered := bufio.NewReader(&l.out), bufio.NewReader(&l.in)
	left := func() int { return l.out.Len() + asked.Buffered() + l.in.Len() + answered.Buffered() }
	for {
		before := left()
		req, err := http.ReadRequest(asked)
		if err != nil {
			return nil // the end, or a line that was cut
		}
		message, err := io.ReadAll(req.Body)
		if err != nil {
			return nil
		}
		res, err := http.ReadResponse(answered, req)
		if err != nil {
			return nil
		}
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			return nil
		}
		if req.URL.Path != "/inbox" || res.StatusCode >= 300 {
			continue
		}
		m, err := envelope.DecodeMessage(message)
		if err != nil {
			return err
		}
		into[m.Envelope.Claims.Type] = delivered{
			m.Envelope.Claims.Type, len(message), len(m.Envelope.Raw()), len(answer), before - left(),
		}
	}
}

// posted tells the story on a stage with real sockets and returns what was
// posted, by type, with the evidence at the end.
func posted(ctx context.Context, dir string) (map[string]delivered, theriac.Trust, []byte, error) {
	before := http.DefaultTransport
	// The organisations of the stage post over the default transport or a clone of it.
	tap := &wiretap{}
	http.DefaultTransport = &http.Transport{DialContext: tap.dial}
	defer func() { http.DefaultTransport = before }()
	trust, raw, err := evidence(ctx, dir, 1)
	if err != nil {
		return nil, trust, nil, err
	}
	out, err := tap.posts()
	if err == nil && len(out) != 9 {
		err = fmt.Errorf("%d types of message were posted, not 9", len(out))
	}
	return out, trust, raw, err
}
