package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/internal/supply"
)

func event(state string, done uint64) string {
	raw, err := json.Marshal(api.Job{Kind: "release", State: state, Done: done, Total: 9})
	if err != nil {
		panic(err) // no function, no channel
	}
	return "event: job\ndata: " + string(raw) + "\n\n"
}

// A piece is what a server says to one request for the stream: it then breaks off,
// with an error or at its end.
type piece struct {
	status int
	body   string
	err    error
}

// broken reads a text and then an error.
type broken struct {
	io.Reader
	err error
}

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) && b.err != nil {
		err = b.err
	}
	return n, err
}

func (broken) Close() error { return nil }

// script answers one request after the other; the last piece again and again.
func script(t testing.TB, asked *int, pieces ...piece) *Client {
	return with(t, func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/v1/jobs/id/events" {
			t.Errorf("asked for %s", r.URL)
		}
		p := pieces[min(*asked, len(pieces)-1)]
		*asked++
		if p.status == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return &http.Response{StatusCode: p.status, Header: http.Header{}, Body: broken{strings.NewReader(p.body), p.err}, Request: r}, nil
	})
}

// A stream that breaks, however, is taken up again, and nothing is told twice.
func TestWatchResumes(t *testing.T) {
	done := piece{200, event("done", 9), nil}
	busy := piece{503, problemText("busy", "try again"), nil}
	for name, tt := range map[string]struct {
		pieces []piece
		want   []uint64
	}{
		"whole":           {[]piece{{200, event("running", 1) + event("running", 5) + event("done", 9), nil}}, []uint64{1, 5, 9}},
		"ends":            {[]piece{{200, event("running", 1), nil}, done}, []uint64{1, 9}},
		"breaks":          {[]piece{{200, event("running", 1), io.ErrUnexpectedEOF}, done}, []uint64{1, 9}},
		"says it again":   {[]piece{{200, event("running", 1), nil}, {200, event("running", 1) + event("done", 9), nil}}, []uint64{1, 9}},
		"within a line":   {[]piece{{200, event("running", 1) + event("running", 5)[:40], nil}, done}, []uint64{1, 9}},
		"server restarts": {[]piece{{200, event("running", 1), nil}, {}, {}, busy, done}, []uint64{1, 9}},
		"empty":           {[]piece{{200, "", nil}, {200, ": comment\n\n", nil}, done}, []uint64{9}},
		"without a space": {[]piece{{200, strings.ReplaceAll(event("done", 9), "data: ", "data:"), nil}}, []uint64{9}},
		"failed":          {[]piece{{200, event("failed", 3), nil}}, []uint64{3}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []uint64
				asked := 0
				j, err := script(t, &asked, tt.pieces...).Watch(t.Context(), "id", func(j api.Job) { got = append(got, j.Done) })
				if err != nil || j.State == "running" || asked != len(tt.pieces) {
					t.Fatalf("Watch = %v, %v, asked %d times", j, err, asked)
				}
				if diff := cmp.Diff(got, tt.want); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Who never says anything new is given up; what is refused is not asked again.
func TestWatchGivesUp(t *testing.T) {
	for name, tt := range map[string]struct {
		last piece
		want error
		ask  int
	}{
		"nobody":         {piece{}, ErrUnreachable, tries},
		"silence":        {piece{200, "", nil}, ErrUnreachable, tries},
		"always busy":    {piece{503, problemText("busy", "try again"), nil}, supply.ErrBusy, tries},
		"no such job":    {piece{404, problemText("not_found", "no such job"), nil}, supply.ErrUnknown, 1},
		"garbage":        {piece{200, "data: <html>\ndata: x\n", nil}, ErrUnreachable, 1},
		"no code":        {piece{500, "<html>", nil}, ErrUnreachable, 1},
		"the same again": {piece{200, event("running", 1), nil}, ErrUnreachable, tries},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				j, err := script(t, &asked, tt.last).Watch(t.Context(), "id", func(api.Job) {})
				if !errors.Is(err, tt.want) || asked != tt.ask {
					t.Errorf("Watch = %v, %v, asked %d times; want %v, %d", j, err, asked, tt.want, tt.ask)
				}
			})
		})
	}
}

func TestWatchEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		c := script(t, &asked, piece{200, event("running", 1), nil})
		if _, err := c.Watch(ctx, "id", func(api.Job) { cancel() }); !errors.Is(err, context.Canceled) && !errors.Is(err, errBroken) {
			t.Errorf("Watch = %v", err)
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}
