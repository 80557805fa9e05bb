package organisation

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/supply"
	"theriac/refusal"
)

// What another organisation answers is decoded, refused with its code, or nothing.
func TestPost(t *testing.T) {
	var status int
	var body string
	var asked *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	id := must(gs1.ParseIdentifier("(01)09521141000014(21)A1", time.Now()))(t)
	p := post{http.DefaultTransport}
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{200, "<html>", client.ErrUnreachable},
		{200, "", client.ErrUnreachable},
		{302, "", client.ErrUnreachable},
		{404, `{"code":"not_found","detail":"no"}`, supply.ErrUnknown},
		{503, `{"code":"busy","detail":"no"}`, supply.ErrBusy},
	} {
		status, body = tt.status, tt.body
		if o, err := p.Opening(t.Context(), server.URL, id); !errors.Is(err, tt.want) {
			t.Errorf("Opening(%d %s) = %v, %v, want %v", tt.status, tt.body, o, err, tt.want)
		}
		if r, err := p.Deliver(t.Context(), server.URL, nil); !errors.Is(err, tt.want) {
			t.Errorf("Deliver(%d %s) = %v, %v, want %v", tt.status, tt.body, r, err, tt.want)
		}
	}
	if asked.Header.Get("Authorization") != "" {
		t.Error("the operator's token goes to others")
	}
	for _, endpoint := range []string{"", "ftp://x", "http://u:p@x"} {
		if _, err := p.Deliver(t.Context(), endpoint, nil); err == nil || refusal.Code(err) != "" {
			t.Errorf("Deliver to %q = %v", endpoint, err)
		}
	}
}

// What a measuring device answers is an answer, its refusal, or nothing; it is not
// followed elsewhere, and not read without end.
func TestInstruments(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	t.Cleanup(elsewhere.Close)
	var status int
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Method == http.MethodPost && r.URL.Path != "/v1/measure" || r.Method == http.MethodGet && r.URL.Path != "/v1/device" {
			t.Errorf("asked %s %s with %v", r.Method, r.URL, r.Header)
		}
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	i := instruments{post{http.DefaultTransport}}
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{200, "<html>", client.ErrUnreachable},
		{200, `{"device":"x","key":7}`, client.ErrUnreachable},
		{200, `{"device":"` + strings.Repeat("A", 2<<20) + `"}`, client.ErrUnreachable},
		{307, "{}", client.ErrUnreachable},
		{422, `{"code":"not_legitimate","detail":"no"}`, genuine.ErrNotLegitimate},
	} {
		status, body = tt.status, tt.body
		if d, err := i.Device(t.Context(), server.URL); !errors.Is(err, tt.want) {
			t.Errorf("Device(%d %.40s) = %v, %v, want %v", tt.status, tt.body, d, err, tt.want)
		}
		if a, err := i.Measure(t.Context(), server.URL, []byte("sealed")); !errors.Is(err, tt.want) {
			t.Errorf("Measure(%d %.40s) = %v, %v, want %v", tt.status, tt.body, a, err, tt.want)
		}
	}
}
