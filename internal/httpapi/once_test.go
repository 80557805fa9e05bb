package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"theriac/canon"
	"theriac/internal/idempotency"
	"theriac/internal/memstore"
)

// A desk counts what was done and answers as told.
type desk struct {
	calls  atomic.Int32
	answer http.HandlerFunc
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.calls.Add(1)
	d.answer(w, r)
}

func created(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(append([]byte("did "), body...))
}

// A clock is set by the test.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(c.at.Load())) }

func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

// recorded is an answer.
type recorded struct{ *httptest.ResponseRecorder }

func (w recorded) is(status int) bool { return w.Code == status }

func (w recorded) replayed() bool { return w.Header().Get("Idempotent-Replayed") == "true" }

func says(code string, w recorded) bool {
	return strings.Contains(w.Body.String(), `"code":"`+code+`"`)
}

func newServer(c *clock) *server { return newServerWith(c, memstore.New()) }

func newServerWith(c *clock, r Responses) *server {
	s := &server{Config: Config{Token: []byte("token"), Now: c.now, Log: slog.New(slog.DiscardHandler), Responses: r, Node: idle{}}}
	s.limits, s.metrics = newLimits(0, c.now), newMetrics(s.Config)
	return s
}

// keyed sends a POST with a key as the operator.
func keyed(h http.Handler, path, key, body string) recorded {
	return keyedBy(context.Background(), h, path, key, strings.NewReader(body))
}

func keyedBy(ctx context.Context, h http.Handler, path, key string, body io.Reader) recorded {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, body)
	r.Header.Set("Authorization", "Bearer token")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := recorded{httptest.NewRecorder()}
	h.ServeHTTP(w, r)
	return w
}

// A request with a key is done once, and the same answer comes again.
func TestOnce(t *testing.T) {
	d := &desk{answer: created}
	h := newServer(new(clock)).around(d)
	first := keyed(h, "/x", "k", "a")
	again := keyed(h, "/x", "k", "a")
	if d.calls.Load() != 1 || !again.is(first.Code) || again.Body.String() != first.Body.String() ||
		again.Header().Get("Content-Type") != "application/json" || first.replayed() || !again.replayed() {
		t.Errorf("done %d times: %d %s, then %d %s %v", d.calls.Load(), first.Code, first.Body, again.Code, again.Body, again.Header())
	}
	for name, other := range map[string]recorded{"body": keyed(h, "/x", "k", "b"), "path": keyed(h, "/y", "k", "a"), "query": keyed(h, "/x?q", "k", "a")} {
		if !other.is(http.StatusConflict) || !says("idempotency_conflict", other) {
			t.Errorf("another %s: %d %s", name, other.Code, other.Body)
		}
	}
	if d.calls.Load() != 1 {
		t.Error("a conflict was done")
	}
	keyed(h, "/x", "k2", "a")
	keyed(h, "/x", "", "a")
	keyed(h, "/x", "", "a")
	if d.calls.Load() != 4 {
		t.Errorf("done %d times, want 4: another key, and twice without", d.calls.Load())
	}
}

// A refusal is an answer too. What broke is not: it may go well the next time.
func TestOnceByStatus(t *testing.T) {
	for status, want := range map[int]int32{200: 1, 204: 1, 400: 1, 404: 1, 409: 1, 422: 1, 429: 2, 500: 2, 503: 2} {
		d := &desk{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }}
		h := newServer(new(clock)).around(d)
		for range 2 {
			if w := keyed(h, "/x", "k", ""); !w.is(status) {
				t.Errorf("%d: answered %d", status, w.Code)
			}
		}
		if got := d.calls.Load(); got != want {
			t.Errorf("%d: done %d times, want %d", status, got, want)
		}
	}
}

// While one request works, others with its key wait for it to be done.
func TestOnceInProgress(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	d := &desk{answer: func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-end
		created(w, r)
	}}
	c := new(clock)
	h := newServer(c).around(d)
	var group sync.WaitGroup
	group.Go(func() {
		if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusAccepted) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	<-begun
	for range 3 {
		if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusConflict) || !says("in_progress", w) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	close(end)
	group.Wait()
	if w := keyed(h, "/x", "k", "a"); !w.replayed() || d.calls.Load() != 1 {
		t.Errorf("%d %s, done %d times", w.Code, w.Body, d.calls.Load())
	}
}

// Of many at once one is done.
func TestOnceRaces(t *testing.T) {
	d := &desk{answer: created}
	h := newServer(new(clock)).around(d)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusAccepted) && !says("in_progress", w) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if got := d.calls.Load(); got != 1 {
		t.Errorf("done %d times", got)
	}
}

// A handler that panics gives the key back, and its caller an answer.
func TestOncePanic(t *testing.T) {
	d := &desk{answer: func(http.ResponseWriter, *http.Request) { panic("fell over") }}
	h := newServer(new(clock)).around(d)
	if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusInternalServerError) || !says("internal", w) || strings.Contains(w.Body.String(), "fell over") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.answer = func(w http.ResponseWriter, r *http.Request) {
		created(w, r)
		panic(errors.New("half"))
	}
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panic %v, want ErrAbortHandler", p)
			}
		}()
		keyed(h, "/x", "k", "a")
	}()
	d.answer = created
	if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusAccepted) || w.replayed() || d.calls.Load() != 3 {
		t.Errorf("%d %s, done %d times", w.Code, w.Body, d.calls.Load())
	}
}

// Attack: what a caller sends begins a line of the log.
func TestLogKeepsItsLines(t *testing.T) {
	var log bytes.Buffer
	s := newServer(new(clock))
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	h := s.around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { panic("no " + r.URL.Path) }))
	r := httptest.NewRequest(http.MethodGet, "/a%0atime=0%20level=ERROR%20msg=forged", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	_ = s.fail(fmt.Errorf("store: %s", r.URL.Path))
	if got := strings.Count(log.String(), "\n"); got != 2 {
		t.Errorf("%d lines, want 2: %s", got, &log)
	}
}

// Who goes before the answer finds it when he comes again.
func TestOnceCallerGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &desk{answer: func(w http.ResponseWriter, r *http.Request) {
		cancel()
		created(w, r)
	}}
	h := newServer(new(clock)).around(d)
	keyedBy(ctx, h, "/x", "k", strings.NewReader("a"))
	if w := keyed(h, "/x", "k", "a"); !w.replayed() || w.Body.String() != "did a" || d.calls.Load() != 1 {
		t.Errorf("%d %s, done %d times", w.Code, w.Body, d.calls.Load())
	}
}

// A key that somebody took and lost is free after its lease; who was only slow does
// not write over the answer of who took it then.
func TestOnceLease(t *testing.T) {
	c := new(clock)
	var h http.Handler
	slow := true
	d := &desk{}
	d.answer = func(w http.ResponseWriter, r *http.Request) {
		if slow {
			slow = false
			c.pass(idempotency.Lease)
			if other := keyed(h, "/x", "k", "a"); !other.is(http.StatusOK) {
				t.Errorf("after the lease: %d %s", other.Code, other.Body)
			}
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.WriteHeader(http.StatusOK)
	}
	h = newServer(c).around(d)
	keyed(h, "/x", "k", "a")
	if w := keyed(h, "/x", "k", "a"); !w.is(http.StatusOK) || !w.replayed() {
		t.Errorf("%d, replayed %t", w.Code, w.replayed())
	}
}

// Attack: strangers fill the store with keys, or learn from it.
func TestOnceIsTheOperators(t *testing.T) {
	d := &desk{answer: created}
	h := newServer(new(clock)).around(d)
	keyed(h, "/x", "k", "a")
	r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader("a"))
	r.Header.Set("Idempotency-Key", "k")
	w := recorded{httptest.NewRecorder()}
	h.ServeHTTP(w, r)
	if w.replayed() || d.calls.Load() != 2 {
		t.Errorf("a stranger got %s, done %d times", w.Body, d.calls.Load())
	}
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, "/x", nil)
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Idempotency-Key", "k")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if d.calls.Load() != 4 {
		t.Error("a GET was remembered")
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// cut is a body that breaks off.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestOnceRefuses(t *testing.T) {
	d := &desk{answer: created}
	h := newServer(new(clock)).around(d)
	if w := keyedBy(t.Context(), h, "/x", "k", endless{}); !w.is(http.StatusRequestEntityTooLarge) || !says("oversized", w) {
		t.Errorf("endless: %d %s", w.Code, w.Body)
	}
	if w := keyedBy(t.Context(), h, "/x", "k", cut{}); !w.is(http.StatusBadRequest) || !says("bad_request", w) {
		t.Errorf("cut: %d %s", w.Code, w.Body)
	}
	if w := keyed(h, "/x", strings.Repeat("k", maxKey+1), ""); !w.is(http.StatusBadRequest) || !says("bad_request", w) {
		t.Errorf("long key: %d %s", w.Code, w.Body)
	}
	if w := keyed(h, "/x", strings.Repeat("k", maxKey), ""); !w.is(http.StatusAccepted) {
		t.Errorf("longest key: %d %s", w.Code, w.Body)
	}
	if d.calls.Load() != 1 {
		t.Errorf("done %d times", d.calls.Load())
	}
}

// lost is a store that does not answer.
type lost struct{ Responses }

func (lost) Begin(context.Context, string, canon.Digest, time.Time) (*idempotency.Response, error) {
	return nil, errors.New("connection to db.internal refused")
}

// Without its store nothing is done, and the store's words stay here.
func TestOnceWithoutItsStore(t *testing.T) {
	d := &desk{answer: created}
	h := newServerWith(new(clock), lost{}).around(d)
	if w := keyed(h, "/x", "k", ""); !w.is(http.StatusInternalServerError) || strings.Contains(w.Body.String(), "db.internal") || d.calls.Load() != 0 {
		t.Errorf("%d %s, done %d times", w.Code, w.Body, d.calls.Load())
	}
}
