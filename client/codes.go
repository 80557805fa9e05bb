package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"theriac/api"
	"theriac/canon"
	"theriac/refusal"
)

// Redeem hands in the redemption of a concealed code. If another redeemed it before, it
// returns what the server says of that beside the refusal.
func (c *Client) Redeem(ctx context.Context, r api.Redeeming) (*api.Redeemed, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	res, err := c.send(ctx, request{method: http.MethodPost, path: "/v1/redemptions", body: raw, media: "application/json"})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem+1))
	if err != nil || len(body) > maxProblem {
		return nil, fmt.Errorf("%w: no answer that can be read", ErrUnreachable)
	}
	if res.StatusCode >= 300 {
		res.Body = io.NopCloser(bytes.NewReader(body))
		err := problem(res)
		var before api.RedeemedBefore
		if refusal.Code(err) != redeemedBefore || json.Unmarshal(body, &before) != nil || before.Redeemed.At == 0 {
			return nil, err
		}
		before.Redeemed.First = false
		return &before.Redeemed, err
	}
	var out api.Redeemed
	if err := json.Unmarshal(body, &out); err != nil || out.At == 0 {
		return nil, fmt.Errorf("%w: no answer to a redemption", ErrUnreachable)
	}
	return &out, nil
}

// redeemedBefore is the code of internal/ledger for a code that was used.
const redeemedBefore = "already_redeemed"

// CodePath asks who released a batch where the concealed code of a pack stands in it.
func (c *Client) CodePath(ctx context.Context, batch canon.Digest, index uint64) (*api.CodePath, error) {
	return call[api.CodePath](ctx, c, request{method: http.MethodGet, path: fmt.Sprintf("/v1/codes/%s/%d", batch, index), max: maxProblem}, nil)
}

// PostRaw sends a value to path and returns the bytes of the answer, as of labels.
func (c *Client) PostRaw(ctx context.Context, path string, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return c.do(ctx, request{method: http.MethodPost, path: path, body: raw, media: "application/json"})
}
