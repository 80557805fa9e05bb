package browsertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"theriac/api"
	"theriac/client"
	"theriac/internal/journey"
)

func clock() time.Time { return time.Now() }

// A front is a server before an organisation's, which may go away, and lie.
type front struct {
	*httptest.Server
	// Lie, if any, changes the answer to a path.
	Lie func(path string, body []byte) []byte
}

func behind(t *testing.T, endpoint string) *front {
	t.Helper()
	to, err := url.Parse(endpoint)
	must(t, err)
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			if f.Lie == nil || !strings.HasPrefix(r.Request.URL.Path, "/v1/") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body = f.Lie(r.Request.URL.Path, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.StatusCode = http.StatusOK
			return nil
		},
	}
	f.Server = httptest.NewServer(proxy)
	t.Cleanup(f.Server.Close)
	return f
}

// recall has the maker recall the story's batch.
func recall(t *testing.T, s *scene) {
	t.Helper()
	_, err := client.Post[api.Done](t.Context(), s.Stage.Cast.Manufacturer.API, "/v1/recalls", "", map[string]any{
		"batch": s.Batch, "status": "recalled", "reason": "a test",
	})
	must(t, err)
}

// told reports whether an organisation has received a report with a text.
func told(t *testing.T, who *journey.Actor, text string) bool {
	t.Helper()
	found, err := client.Get[api.Messages](t.Context(), who.API, "/v1/messages", url.Values{"type": {"report/1"}, "direction": {"in"}})
	must(t, err)
	for _, m := range found.Items {
		if raw, err := json.Marshal(m.Content); err == nil && strings.Contains(string(raw), text) {
			return true
		}
	}
	return false
}
