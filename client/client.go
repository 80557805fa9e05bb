// Package client speaks the HTTP API of an organisation. It believes nothing that
// can be verified: evidence goes to package theriac, receipts to the ledger.
package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"theriac/api"
	"theriac/refusal"
)

// ErrUnreachable is returned if the server does not answer, or not in the API's
// language.
var ErrUnreachable = errors.New("client: the server does not answer")

const (
	maxAnswer = 64 << 20
	waiting   = 90 * time.Second // for an answer; the ledger is asked meanwhile
)

// A Client is a client of one server.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New returns a client of the server at base, an http or https address. The token
// may be empty: then only what is public is open.
func New(base, token string) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("client: %q is not an http address", base)
	}
	return &Client{base: u.String(), token: token, http: &http.Client{
		// A redirect could carry the token to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// With returns the client with another transport, for mutual TLS.
func (c *Client) With(t http.RoundTripper) *Client {
	d := *c
	h := *c.http
	h.Transport = t
	d.http = &h
	return &d
}

// A request is one call.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	media        string
	key          string // Idempotency-Key
}

// do returns the body of a successful answer. A refusal comes back as an error
// with the server's code (refusal.Code).
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrUnreachable, maxAnswer)
	case res.StatusCode >= 300:
		return nil, problem(res, body)
	}
	return body, nil
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return res, nil
}

// problem turns an answer that is no success into an error.
func problem(res *http.Response, body []byte) error {
	var p api.Problem
	if json.Unmarshal(body, &p) != nil || p.Code == "" {
		return fmt.Errorf("%w: status %s", ErrUnreachable, res.Status)
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return refusal.New(p.Code, text)
}

// call sends a value as JSON, or nothing for nil, and decodes the answer.
func call[T any](ctx context.Context, c *Client, r request, send any) (*T, error) {
	if send != nil {
		raw, err := json.Marshal(send)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		r.body, r.media = raw, "application/json"
	}
	raw, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if len(raw) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return v, nil
}

// Get asks for a resource under path and decodes it.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodGet, path: path, query: query}, nil)
}

// Post sends a value to path and decodes the answer. The key names the request:
// sent again under the same key it is done once. An empty key names nothing.
func Post[T any](ctx context.Context, c *Client, path, key string, body any) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodPost, path: path, key: key}, body)
}

// Put replaces what is at path.
func Put[T any](ctx context.Context, c *Client, path string, body any) (*T, error) {
	return call[T](ctx, c, request{method: http.MethodPut, path: path}, body)
}

// Delete ends what is at path.
func Delete(ctx context.Context, c *Client, path string) error {
	_, err := c.do(ctx, request{method: http.MethodDelete, path: path})
	return err
}

// Raw returns the bytes of a resource: a bundle, a trust root, a block.
func (c *Client) Raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.do(ctx, request{method: http.MethodGet, path: path, query: query})
}

// Bundle returns the evidence of a pack, named by any code that is on it.
func (c *Client) Bundle(ctx context.Context, code string) ([]byte, error) {
	return c.Raw(ctx, "/v1/bundles", url.Values{"id": {code}})
}

// Capture hands in an EPCIS document.
func (c *Client) Capture(ctx context.Context, media string, document []byte) (*api.Capture, error) {
	return call[api.Capture](ctx, c, request{method: http.MethodPost, path: "/epcis/capture", body: document, media: media}, nil)
}

// Deliver hands a signed message to the inbox.
func (c *Client) Deliver(ctx context.Context, message []byte) (*api.Receipt, error) {
	return call[api.Receipt](ctx, c, request{method: http.MethodPost, path: "/inbox", body: message, media: "application/json"}, nil)
}

// Watch calls each with a job now and at every change until it has ended.
func (c *Client) Watch(ctx context.Context, id string, each func(api.Job)) (*api.Job, error) {
	res, err := c.send(ctx, request{method: http.MethodGet, path: "/v1/jobs/" + url.PathEscape(id) + "/events"})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		return nil, problem(res, body)
	}
	var last api.Job
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(data), &last); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		each(last)
		if last.State != "running" {
			return &last, nil
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	// The stream ended with the server; the job is still there.
	return Get[api.Job](ctx, c, "/v1/jobs/"+url.PathEscape(id), nil)
}
