package client

import (
	"bufio"
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
)

// running is the state of a job that has not ended.
const running = "running"

// errBroken is a stream that ended before its job.
var errBroken = errors.New("client: the stream broke off")

// Watch calls each with a job now and at every change until it has ended. The job
// goes on whether or not anybody watches: a stream that breaks is asked for again.
func (c *Client) Watch(ctx context.Context, id string, each func(api.Job)) (*api.Job, error) {
	var last *api.Job
	for left := tries; ; {
		news := false
		j, err := c.stream(ctx, id, func(j api.Job) {
			if last == nil || *last != j {
				news, last = true, &j
				each(j)
			}
		})
		switch {
		case err == nil:
			return j, nil
		case ctx.Err() != nil || !errors.Is(err, errBroken):
			return nil, err
		case news:
			left = tries
		}
		if left--; left == 0 {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
		}
	}
}

// stream reads one stream of a job's changes to the end of the job.
func (c *Client) stream(ctx context.Context, id string, each func(api.Job)) (*api.Job, error) {
	res, err := c.send(ctx, request{method: http.MethodGet, path: "/v1/jobs/" + url.PathEscape(id) + "/events"})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusBadGateway {
		return nil, fmt.Errorf("%w: %w", errBroken, problem(res))
	}
	if res.StatusCode >= 300 {
		return nil, problem(res)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxReceipt)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		var j api.Job
		if err := json.Unmarshal([]byte(data), &j); err != nil {
			if !lines.Scan() {
				break // in the middle of a line
			}
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		each(j)
		if j.State != running {
			return &j, nil
		}
	}
	err = lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("%w: %w", errBroken, err)
}
