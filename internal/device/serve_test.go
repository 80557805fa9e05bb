package device

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"theriac/api"
	"theriac/client"
	"theriac/refusal"
)

// An instrument's failure has a name on the wire, and no address of the instrument.
func TestInstrumentFailuresOnTheWire(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	m := l.meterOf(t, l.carrier, l.scale)
	c := must(client.New(m.url, ""))(t)
	for _, tt := range []struct {
		fails error
		want  string
	}{
		{errors.New("serial:///dev/ttyUSB7: gone"), "instrument_failed"},
		{refusal.New("instrument_silent", "serial:///dev/ttyUSB7: silence"), "instrument_silent"},
	} {
		l.scale.fail(tt.fails)
		_, err := c.Measure(t.Context(), must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t))
		code(t, err, tt.want)
	}
	l.scale.fail(errors.New("serial:///dev/ttyUSB7: gone"))
	_, err := c.Measure(t.Context(), must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t))
	if err == nil || strings.Contains(err.Error(), "ttyUSB7") {
		t.Error(err)
	}
	l.scale.put("0.51")
	l.scale.mu.Lock()
	l.scale.reading[0].Feature = "hardness"
	l.scale.mu.Unlock()
	_, err = c.Measure(t.Context(), must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t))
	if code(t, err, "bad_reading"); err == nil || strings.Contains(err.Error(), "mass") {
		t.Error(err)
	}
}

// Attack: junk, floods, other methods, pages of other origins.
func TestMeterOnTheWire(t *testing.T) {
	l := newLab(t)
	config := l.config(t, l.carrier, l.scale)
	now := time.Now()
	config.Now, config.Rate = func() time.Time { return now }, 1
	m := l.meter(t, config)
	ask := func(method, path, media, body string, header ...string) (int, string) {
		t.Helper()
		return m.ask(t, must(http.NewRequest(method, m.url+path, strings.NewReader(body)))(t), append(header, "Content-Type", media))
	}
	const json = "application/json"
	for _, tt := range []struct {
		method, path, media, body string
		header                    []string
		status                    int
		code                      string
	}{
		{"GET", "/livez", "", "", nil, 204, ""},
		{"GET", "/v1/device", "", "", nil, 200, ""},
		{"GET", "/", "", "", nil, 404, "not_found"},
		{"GET", "/v1/measure", "", "", nil, 405, "method_not_allowed"},
		{"POST", "/v1/device", json, "", nil, 405, "method_not_allowed"},
		{"POST", "/v1/measure", json, "{}", []string{"Origin", "https://evil.example"}, 403, "cross_origin"},
		{"POST", "/v1/measure", "text/plain", "{}", nil, 400, "bad_request"},
		{"POST", "/v1/measure", json, "", nil, 400, "bad_request"},
		{"POST", "/v1/measure", json, "[]", nil, 400, "bad_request"},
		{"POST", "/v1/measure", json, `{"challenge":"***"}`, nil, 400, "bad_request"},
		{"POST", "/v1/measure", json, `{"challenge":"AAAA"}`, nil, 422, "bad_seal"},
		{"POST", "/v1/measure", json, `{"challenge":"` + strings.Repeat("A", maxChallenge) + `"}`, nil, 413, "oversized"},
	} {
		if status, code := ask(tt.method, tt.path, tt.media, tt.body, tt.header...); status != tt.status || code != tt.code {
			t.Errorf("%s %s %.30s: %d %s, want %d %s", tt.method, tt.path, tt.body, status, code, tt.status, tt.code)
		}
	}
	limited := 0
	for range 2 * burst {
		if _, code := ask("POST", "/v1/measure", json, "{}"); code == "instrument_limit" {
			limited++
		}
	}
	if limited < burst {
		t.Errorf("%d of %d were too many", limited, 2*burst)
	}
	now = now.Add(2 * time.Second)
	if _, code := ask("POST", "/v1/measure", json, "{}"); code != "bad_request" {
		t.Errorf("after a while: %s", code)
	}
}

func TestCallersAreBounded(t *testing.T) {
	now := time.Now()
	c := &callers{every: 1, now: func() time.Time { return now }, buckets: map[string]*rate.Limiter{}}
	for i := range 3 * maxCallers {
		c.take(net.JoinHostPort(net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)).String(), "1"))
	}
	if len(c.buckets) > maxCallers {
		t.Errorf("%d callers", len(c.buckets))
	}
	if a, b := hostOf("[2001:db8::1]:5"), hostOf("[2001:db8::2]:6"); a != b || a == hostOf("[2001:db8:0:1::1]:5") {
		t.Error(a, b)
	}
}

// SIGTERM: what was asked before is answered, and nobody is let in after.
func TestGracefulStop(t *testing.T) {
	l := newLab(t)
	id := l.shipped(t, 50, 60)
	m := begun(t, l.config(t, l.carrier, l.scale))
	l.scale.hold, l.scale.begun = make(chan struct{}), make(chan struct{}, 16)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, listener, slog.New(slog.DiscardHandler)) }()
	c := must(client.New("http://"+listener.Addr().String(), ""))(t)
	sealed := must(l.challenge(t, id, 3, 53).Seal(l.carrier.Card.device()))(t)
	answered := make(chan error, 1)
	go func() {
		_, err := c.Measure(t.Context(), sealed)
		answered <- err
	}()
	<-l.scale.begun
	stop()
	close(l.scale.hold)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Device(t.Context()); err == nil {
		t.Error("it still answers")
	}
	if !slices.Contains([]string{"legitimate"}, (&meterAt{Meter: m}).entries(t)[0].Outcome) {
		t.Error("the book has another outcome")
	}
}

// ask sends a request and returns status and code of the answer.
func (m *meterAt) ask(t *testing.T, req *http.Request, header []string) (int, string) {
	t.Helper()
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res := must(http.DefaultClient.Do(req))(t)
	defer res.Body.Close()
	raw := must(io.ReadAll(res.Body))(t)
	var p api.Problem
	if res.StatusCode >= 400 {
		if err := json.Unmarshal(raw, &p); err != nil || p.Status != res.StatusCode || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %q", req.Method, req.URL, res.StatusCode, raw)
		}
	}
	return res.StatusCode, p.Code
}
