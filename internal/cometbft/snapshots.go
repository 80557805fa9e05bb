package cometbft

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"theriac/canon"
	"theriac/internal/chainstore"
)

// Snapshots let a node join without applying every block: an exported store, cut
// into chunks. The newest two are kept, each a folder named by its height.

const (
	chunkSize      = 8 << 20
	snapshotFormat = 1
	snapshotsKept  = 2
	maxChunks      = 1 << 16
)

type snapshots struct {
	store *chainstore.Store
	dir   string
	every int64
	log   *slog.Logger

	group sync.WaitGroup
	busy  sync.Mutex

	// A snapshot that is being restored.
	offered *abci.Snapshot
	appHash canon.Digest
	gather  *os.File
	next    uint32
}

func newSnapshots(store *chainstore.Store, dir string, every int64, log *slog.Logger) *snapshots {
	return &snapshots{store: store, dir: dir, every: every, log: log}
}

func (s *snapshots) close() {
	s.group.Wait()
	if s.gather != nil {
		// It is a temporary file of a restore that did not end.
		_ = s.gather.Close()
	}
}

// maybe takes a snapshot in the background when it is time, one at a time.
func (s *snapshots) maybe(height int64) {
	if s.every <= 0 || height%s.every != 0 || !s.busy.TryLock() {
		return
	}
	view := s.store.Latest()
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		defer s.busy.Unlock()
		defer view.Close()
		if err := s.take(view); err != nil {
			s.log.Error("snapshot", "height", view.Height(), "err", err)
		}
	}()
}

// take writes the chunks and then their hashes, whose file makes the snapshot count.
func (s *snapshots) take(view *chainstore.View) error {
	dir := filepath.Join(s.dir, strconv.FormatInt(view.Height(), 10))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	w := &chunkWriter{dir: dir}
	if err := errors.Join(view.Export(w), w.end()); err != nil {
		return err
	}
	temporary := filepath.Join(dir, "hashes.new")
	if err := os.WriteFile(temporary, w.hashes, 0o600); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(dir, "hashes")); err != nil {
		return err
	}
	return s.prune()
}

func (s *snapshots) prune() error {
	heights, err := s.heights()
	if err != nil {
		return err
	}
	for len(heights) > snapshotsKept {
		if err := os.RemoveAll(filepath.Join(s.dir, strconv.FormatUint(heights[0], 10))); err != nil {
			return err
		}
		heights = heights[1:]
	}
	return nil
}

// heights returns the heights of complete snapshots, rising.
func (s *snapshots) heights() ([]uint64, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, e := range entries {
		h, err := strconv.ParseUint(e.Name(), 10, 63)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.dir, e.Name(), "hashes")); err == nil {
			out = append(out, h)
		}
	}
	slices.Sort(out) // names sort as text
	return out, nil
}

// A chunkWriter cuts what is written into files of chunkSize.
type chunkWriter struct {
	dir    string
	buf    bytes.Buffer
	hashes []byte
	n      int
}

func (w *chunkWriter) Write(p []byte) (int, error) {
	w.buf.Write(p)
	for w.buf.Len() >= chunkSize {
		if err := w.put(w.buf.Next(chunkSize)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *chunkWriter) put(chunk []byte) error {
	hash := sha256.Sum256(chunk)
	w.hashes = append(w.hashes, hash[:]...)
	w.n++
	return os.WriteFile(filepath.Join(w.dir, strconv.Itoa(w.n-1)), chunk, 0o600)
}

func (w *chunkWriter) end() error {
	if w.buf.Len() == 0 && w.n > 0 {
		return nil
	}
	return w.put(w.buf.Bytes())
}

// ListSnapshots implements abci.Application.
func (a *app) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	heights, err := a.snaps.heights()
	if err != nil {
		return nil, err
	}
	res := &abci.ResponseListSnapshots{}
	for _, h := range heights {
		hashes, err := os.ReadFile(filepath.Join(a.snaps.dir, strconv.FormatUint(h, 10), "hashes"))
		if err != nil {
			continue // pruned meanwhile
		}
		sum := sha256.Sum256(hashes)
		res.Snapshots = append(res.Snapshots, &abci.Snapshot{
			Height: h, Format: snapshotFormat, Chunks: uint32(len(hashes) / 32), Hash: sum[:], Metadata: hashes,
		})
	}
	return res, nil
}

// LoadSnapshotChunk implements abci.Application.
func (a *app) LoadSnapshotChunk(_ context.Context, req *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	name := filepath.Join(a.snaps.dir, strconv.FormatUint(req.Height, 10), strconv.FormatUint(uint64(req.Chunk), 10))
	chunk, err := os.ReadFile(name)
	if err != nil || req.Format != snapshotFormat {
		return &abci.ResponseLoadSnapshotChunk{}, nil // the peer asks another
	}
	return &abci.ResponseLoadSnapshotChunk{Chunk: chunk}, nil
}

// OfferSnapshot implements abci.Application. CometBFT has verified the app hash
// of the height with its light client; everything that is restored must lead to it.
func (a *app) OfferSnapshot(_ context.Context, req *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	s, snap := a.snaps, req.Snapshot
	sum := sha256.Sum256(snap.Metadata)
	if snap.Format != snapshotFormat || snap.Chunks == 0 || snap.Chunks > maxChunks ||
		len(snap.Metadata) != sha256.Size*int(snap.Chunks) || !bytes.Equal(sum[:], snap.Hash) || len(req.AppHash) != 32 {
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_REJECT}, nil
	}
	if s.gather == nil {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(s.dir, "restore-")
		if err != nil {
			return nil, err
		}
		// Unlinked at once: it goes when it is closed, whatever happens.
		if err := os.Remove(f.Name()); err != nil {
			return nil, err
		}
		s.gather = f
	}
	if err := s.gather.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := s.gather.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	s.offered, s.appHash, s.next = snap, canon.Digest(req.AppHash), 0
	return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_ACCEPT}, nil
}

// ApplySnapshotChunk implements abci.Application. Chunks come in order; the last
// one lets the import begin.
func (a *app) ApplySnapshotChunk(_ context.Context, req *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	s := a.snaps
	sum := sha256.Sum256(req.Chunk)
	if s.offered == nil || req.Index != s.next || !bytes.Equal(sum[:], s.offered.Metadata[32*req.Index:32*req.Index+32]) {
		return &abci.ResponseApplySnapshotChunk{
			Result: abci.ResponseApplySnapshotChunk_RETRY, RefetchChunks: []uint32{req.Index}, RejectSenders: []string{req.Sender},
		}, nil
	}
	if _, err := s.gather.Write(req.Chunk); err != nil {
		return nil, err
	}
	if s.next++; s.next < s.offered.Chunks {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
	}
	if _, err := s.gather.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if err := s.store.Import(s.gather, int64(s.offered.Height), s.appHash); err != nil {
		s.log.Warn("snapshot refused", "height", s.offered.Height, "why", err)
		if !errors.Is(err, chainstore.ErrImport) {
			return nil, fmt.Errorf("restore: %w", err)
		}
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT}, nil
	}
	a.mu.Lock()
	a.height = int64(s.offered.Height)
	a.mu.Unlock()
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
}
