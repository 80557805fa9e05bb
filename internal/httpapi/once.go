package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"theriac/canon"
	"theriac/internal/idempotency"
)

const (
	maxKey = 255
	// largest is the largest body that any operation takes.
	largest = 64 << 20
)

// once does a request with an idempotency key, or gives the answer that it got
// before. Only the keys of operators and persons are remembered: others could fill
// the memory.
func (s *server) once(w *recorder, r *http.Request, key string, next http.Handler) {
	if c := callerOf(r.Context()); !c.operator && c.person == nil {
		s.guarded(w, r, next)
		return
	}
	body, err := s.keyed(w, r, key)
	if err != nil {
		send(w, problemOf(err))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	request := canon.Hash("theriac/request/1", []byte(r.Method), []byte(r.URL.RequestURI()), body)
	began := s.Now()
	before, err := s.Responses.Begin(r.Context(), key, request, began)
	if err != nil {
		if p := problemOf(err); p.Status == http.StatusInternalServerError {
			s.Log.Error("idempotency", "err", err)
		}
		send(w, problemOf(err))
		return
	}
	if before != nil {
		w.Header().Set("Content-Type", before.Type)
		w.Header().Set("Idempotent-Replayed", "true")
		w.WriteHeader(before.Status)
		// Who does not read has his answer in the store.
		_, _ = w.Write(before.Body)
		return
	}
	// What was done is answered although the caller has gone: he will ask again.
	ctx := context.WithoutCancel(r.Context())
	w.keep = true
	whole := false
	defer func() {
		if whole && !w.secret && w.status < 500 && w.status != http.StatusTooManyRequests && w.status != http.StatusForbidden {
			answer := idempotency.Response{Status: w.status, Type: w.Header().Get("Content-Type"), Body: w.body.Bytes()}
			err = s.Responses.Finish(ctx, key, began, answer, s.Now())
		} else {
			err = s.Responses.Release(ctx, key, began) // it may go well the next time, or with another role
		}
		if err != nil {
			s.Log.Error("idempotency", "err", err)
		}
	}()
	s.guarded(w, r, next)
	whole = true
}

// keyed reads the body of a request with a key.
func (s *server) keyed(w http.ResponseWriter, r *http.Request, key string) ([]byte, error) {
	if len(key) > maxKey {
		return nil, fmt.Errorf("%w: an idempotency key has up to %d bytes", errRequest, maxKey)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the body did not come", errRequest)
	}
	return body, nil
}
