package organisation

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"theriac/client"
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
