package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"theriac/canon"
	"theriac/refusal"
)

// errReplayed is returned for a challenge that was measured for before.
var errReplayed = refusal.New("instrument_replayed", "the device was sent this challenge before")

const (
	noncesFile = "nonces"
	// maxNonces is how many challenges are remembered, over restarts. An older one that
	// is sent again is measured again: its answer is the one of then, for the consignee
	// of then, and a mark is verified once.
	maxNonces = 1 << 16
)

// nonces are those of the challenges that were measured for, in a file of 16 bytes
// each. Only one measurement uses it at a time.
type nonces struct {
	folder *folder
	file   *os.File
	seen   map[canon.ID]struct{}
	order  []canon.ID // oldest first
	most   int
}

func openNonces(f *folder, most int) (*nonces, error) {
	n := &nonces{folder: f, seen: map[canon.ID]struct{}{}, most: most}
	raw, err := f.read(noncesFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// What a crash cut off at the end was not measured for.
	for ; len(raw) >= len(canon.ID{}); raw = raw[len(canon.ID{}):] {
		n.add(canon.ID(raw[:len(canon.ID{})]))
	}
	return n, n.rewrite()
}

func (n *nonces) close() error {
	if n.file == nil {
		return nil
	}
	return n.file.Close()
}

func (n *nonces) add(id canon.ID) {
	if _, ok := n.seen[id]; ok {
		return
	}
	n.seen[id] = struct{}{}
	n.order = append(n.order, id)
}

// rewrite forgets the oldest and puts the rest into a new file.
func (n *nonces) rewrite() error {
	for len(n.order) > n.most {
		delete(n.seen, n.order[0])
		n.order = n.order[1:]
	}
	raw := make([]byte, 0, len(n.order)*len(canon.ID{}))
	for _, id := range n.order {
		raw = append(raw, id[:]...)
	}
	if err := n.close(); err != nil {
		return err
	}
	if err := n.folder.write(noncesFile, raw); err != nil {
		return err
	}
	var err error
	n.file, err = n.folder.root.OpenFile(noncesFile, os.O_WRONLY|os.O_APPEND, fileMode)
	return err
}

// use returns errReplayed for a nonce that was used before. One that is new is on the
// disk before it is used.
func (n *nonces) use(id canon.ID) error {
	if _, ok := n.seen[id]; ok {
		return errReplayed
	}
	if len(n.order) >= 2*n.most {
		if err := n.rewrite(); err != nil {
			return err
		}
	}
	if k, err := n.file.Write(id[:]); err != nil {
		return fmt.Errorf("%s: %d bytes: %w", noncesFile, k, errors.Join(err, n.rewrite()))
	}
	if err := n.file.Sync(); err != nil {
		return err
	}
	n.add(id)
	return nil
}
