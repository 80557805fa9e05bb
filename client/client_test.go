package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"theriac/api"
	"theriac/internal/supply"
	"theriac/refusal"
)

// answering returns a client of a server that answers every request so.
func answering(t testing.TB, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := New(server.URL, "secret token")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func text(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func problemText(code, detail string) string {
	raw, err := json.Marshal(api.Problem{Code: code, Detail: detail, Title: "title of " + code})
	if err != nil {
		panic(err) // strings
	}
	return string(raw)
}

func TestNew(t *testing.T) {
	for base, good := range map[string]bool{
		"http://a": true, "https://a:1": true, "http://a/": true, "https://a/base": true, "http://[::1]:8080": true,
		"": false, "a": false, "a:80": false, "ftp://a": false, "http://": false, "http:///x": false, "//a": false, "http://a?x=1": false,
		"http://a#x": false, "http://user:pass@a": false, "http://a b": false, "file:///etc/passwd": false,
	} {
		if _, err := New(base, ""); (err == nil) != good {
			t.Errorf("New(%q) = %v, good %t", base, err, good)
		}
	}
}

// A refusal crosses the wire: errors.Is finds the one that was declared.
func TestProblemsAreRefusals(t *testing.T) {
	for _, status := range []int{400, 401, 404, 409, 422, 429, 500, 503} {
		c := answering(t, text(status, "application/problem+json", problemText("not_found", "no such batch")))
		_, err := Get[api.Job](t.Context(), c, "/v1/jobs/x", nil)
		if !errors.Is(err, supply.ErrUnknown) || errors.Is(err, supply.ErrBusy) || errors.Is(err, ErrUnreachable) || err.Error() != "no such batch" {
			t.Errorf("%d: %v", status, err)
		}
		if refusal.Code(err) != "not_found" {
			t.Errorf("%d: code %q", status, refusal.Code(err))
		}
		for name, call := range map[string]func() error{
			"raw":     func() error { _, err := c.Raw(t.Context(), "/x", nil); return err },
			"bundle":  func() error { _, err := c.Bundle(t.Context(), "x"); return err },
			"deliver": func() error { _, err := c.Deliver(t.Context(), nil); return err },
			"capture": func() error { _, err := c.Capture(t.Context(), "application/json", nil); return err },
			"put":     func() error { _, err := Put[struct{}](t.Context(), c, "/x", nil); return err },
			"delete":  func() error { return Delete(t.Context(), c, "/x") },
		} {
			if err := call(); !errors.Is(err, supply.ErrUnknown) {
				t.Errorf("%d, %s: %v", status, name, err)
			}
		}
	}
	c := answering(t, text(404, "application/problem+json", problemText("not_found", "")))
	if _, err := c.Raw(t.Context(), "/x", nil); err == nil || err.Error() != "title of not_found" {
		t.Errorf("without detail: %v", err)
	}
}

// Attack: a server writes into the caller's log and terminal, or gives codes that
// are none.
func TestProblemsAreLegible(t *testing.T) {
	c := answering(t, text(422, "application/problem+json", problemText("stale", "a\nlevel=ERROR forged\x1b[2J\u202e"+strings.Repeat("x", 5000))))
	_, err := c.Raw(t.Context(), "/x", nil)
	if refusal.Code(err) != "stale" {
		t.Fatal(err)
	}
	if got := err.Error(); len(got) > maxText+10 || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%q", got)
	}
	for name, body := range map[string]string{
		"no code":    `{"detail":"x"}`,
		"odd code":   problemText("Not a code\n", "x"),
		"long code":  problemText(strings.Repeat("a", 65), "x"),
		"no problem": `<html>`,
		"nothing":    "",
		"too large":  problemText("stale", strings.Repeat("x", maxProblem)),
	} {
		for _, status := range []int{301, 404, 502} {
			c := answering(t, text(status, "text/html", body))
			_, err := c.Raw(t.Context(), "/x", nil)
			if !errors.Is(err, ErrUnreachable) || refusal.Code(err) != "" {
				t.Errorf("%s, %d: %v", name, status, err)
			}
		}
	}
}

// Attack: a server sends the caller elsewhere to get his token.
func TestRedirectsAreNotFollowed(t *testing.T) {
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the thief got %s with %q", r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(thief.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		asked := 0
		c := answering(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			if got := r.Header.Get("Authorization"); got != "Bearer secret token" {
				t.Errorf("token %q", got)
			}
			http.Redirect(w, r, thief.URL+"/v1/messages", status)
		})
		for name, call := range map[string]func() error{
			"get":   func() error { _, err := c.Raw(t.Context(), "/v1/messages", nil); return err },
			"post":  func() error { _, err := Post[api.Message](t.Context(), c, "/v1/dispatches", "k", 1); return err },
			"watch": func() error { _, err := c.Watch(t.Context(), "x", func(api.Job) {}); return err },
		} {
			asked = 0
			if err := call(); !errors.Is(err, ErrUnreachable) || asked != 1 {
				t.Errorf("%d, %s: %v, asked %d times", status, name, err, asked)
			}
		}
	}
}

// What comes is decoded or an error, never a zero value that passes for an answer.
func TestGarbage(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "half": `{"id":`, "html": "<html></html>", "list": "[]", "text": `"x"`, "bad id": `{"id":"x"}`,
		"trailing": `{}{}`, "binary": "\x00\xff",
	} {
		c := answering(t, text(200, "application/json", body))
		if v, err := Get[api.Job](t.Context(), c, "/x", nil); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: Get = %v, %v", name, v, err)
		}
		if v, err := c.Deliver(t.Context(), []byte("{}")); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: Deliver = %v, %v", name, v, err)
		}
	}
	// JSON that is no receipt.
	for _, body := range []string{`{}`, `null`, `{"bc":"x"}`, `{"height":7}`, `{"envelope":7}`} {
		c := answering(t, text(200, "application/json", body))
		if v, err := c.Deliver(t.Context(), []byte("{}")); !errors.Is(err, ErrUnreachable) {
			t.Errorf("Deliver with %s = %v, %v", body, v, err)
		}
	}
	c := answering(t, text(204, "", ""))
	if _, err := Put[struct{}](t.Context(), c, "/x", nil); err != nil {
		t.Errorf("Put with no content = %v", err)
	}
}

// Attack: an answer without an end.
func TestTooLarge(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	c := answering(t, endless)
	if _, err := c.Raw(t.Context(), "/x", nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("Raw = %v", err)
	}
	if _, err := c.Deliver(t.Context(), nil); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), fmt.Sprint(maxReceipt)) {
		t.Errorf("Deliver = %v, want it to end at %d bytes", err, maxReceipt)
	}
	c = answering(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); endless(w, r) })
	if _, err := c.Raw(t.Context(), "/x", nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("Raw of a problem = %v", err)
	}
	c = answering(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "data: "); endless(w, r) })
	if _, err := c.Watch(t.Context(), "x", func(api.Job) {}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("Watch = %v", err)
	}
}

// A broken answer is no answer.
func TestBrokenAnswer(t *testing.T) {
	c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"id":`)
	})
	if _, err := c.Raw(t.Context(), "/x", nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("Raw = %v", err)
	}
	gone, err := New("http://127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Raw(t.Context(), "/x", nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("Raw of nobody = %v", err)
	}
}

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// with returns a client over a transport.
func with(t testing.TB, f roundTrip) *Client {
	t.Helper()
	c, err := New("http://server.example", "token")
	if err != nil {
		t.Fatal(err)
	}
	return c.With(f)
}

// A server that takes the request and says nothing is given up.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := with(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		begin := time.Now()
		_, err := c.Deliver(t.Context(), []byte("{}"))
		if d := time.Since(begin); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) || d != waiting {
			t.Errorf("%v after %s, want %s", err, d, waiting)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin = time.Now()
		if _, err := c.Raw(ctx, "/x", nil); !errors.Is(err, ErrUnreachable) || time.Since(begin) != time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

// What goes over the wire.
func TestRequests(t *testing.T) {
	var got *http.Request
	var body string
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got, body = r, string(raw)
		fmt.Fprint(w, `{"x":1}`)
	})
	type answer struct{ X int }
	v, err := Post[answer](t.Context(), c, "/v1/x", "key", map[string]int{"a": 1})
	if err != nil || v.X != 1 {
		t.Fatal(v, err)
	}
	if got.Header.Get("Idempotency-Key") != "key" || got.Header.Get("Content-Type") != "application/json" ||
		got.Header.Get("Authorization") != "Bearer secret token" || body != `{"a":1}` {
		t.Errorf("%v %s", got.Header, body)
	}
	if _, err := c.Raw(t.Context(), "/v1/y", url.Values{"id": {"(01)1&b=2"}}); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodGet || got.URL.Query().Get("id") != "(01)1&b=2" || len(got.URL.Query()) != 1 || got.Header.Get("Idempotency-Key") != "" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if _, err := c.Capture(t.Context(), "application/xml", []byte("<a/>")); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/epcis/capture" || got.Header.Get("Content-Type") != "application/xml" || body != "<a/>" {
		t.Errorf("%s %v %s", got.URL, got.Header, body)
	}
	if err := Delete(t.Context(), c, "/v1/z"); err != nil || got.Method != http.MethodDelete {
		t.Errorf("%s, %v", got.Method, err)
	}
	// Attack: what cannot be sent does not become another header.
	if _, err := Post[answer](t.Context(), c, "/v1/x", "key\r\nX-Evil: 1", nil); err == nil {
		t.Error("a key with a line break was sent")
	}
	if _, err := Post[answer](t.Context(), c, "/v1/x", "", func() {}); err == nil {
		t.Error("a function was sent")
	}
}
