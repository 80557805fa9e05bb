package packstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"theriac/merkle"
)

// A sorter puts pieces into their places. Each goroutine has one, for its memory.
type sorter struct {
	width   int      // of a serial number in the file
	serials *os.File // written at the pieces' places, so they may come in any order

	records []byte
	keys    []key
	leaves  []merkle.Hash
	out     []byte
}

// A key is the first bytes of a leaf, and where its record stands.
type key struct {
	leaf uint64
	at   uint32
}

// sort writes the serial numbers of a piece and returns its leaves.
func (s *sorter) sort(p piece) (span, error) {
	s.records = s.records[:0]
	err := p.bucket.drain(func(records []byte) error {
		s.records = append(s.records, records...)
		return nil
	})
	if err != nil {
		return span{}, err
	}
	if err := s.index(p.bucket.count); err != nil {
		return span{}, err
	}
	slices.SortFunc(s.keys, func(a, b key) int {
		if c := cmp.Compare(a.leaf, b.leaf); c != 0 {
			return c
		}
		return bytes.Compare(s.leaf(a), s.leaf(b))
	})
	s.leaves = slices.Grow(s.leaves[:0], len(s.keys))
	s.out = slices.Grow(s.out[:0], len(s.keys)*s.width)[:len(s.keys)*s.width]
	clear(s.out)
	for i, k := range s.keys {
		leaf, serial := merkle.Hash(s.leaf(k)), s.serial(k)
		if i > 0 && leaf == s.leaves[i-1] {
			return span{}, duplicate(serial)
		}
		s.leaves = append(s.leaves, leaf)
		copy(s.out[i*s.width:], serial)
	}
	if _, err := s.serials.WriteAt(s.out, int64(p.start)*int64(s.width)); err != nil {
		return span{}, err
	}
	return newSpan(p.start, s.leaves), nil
}

// index finds the records.
func (s *sorter) index(count uint64) error {
	s.keys = s.keys[:0]
	for at := 0; at < len(s.records); {
		n, err := recordSize(s.records[at:])
		if err == nil && n > recordHead+s.width {
			err = errSpool
		}
		if err != nil {
			return err
		}
		s.keys = append(s.keys, key{binary.BigEndian.Uint64(s.records[at:]), uint32(at)})
		at += n
	}
	if uint64(len(s.keys)) != count {
		return fmt.Errorf("%w: %d records, not %d", errSpool, len(s.keys), count)
	}
	return nil
}

func (s *sorter) leaf(k key) []byte { return s.records[k.at:][:leafSize] }

func (s *sorter) serial(k key) []byte {
	record := s.records[k.at:]
	return record[recordHead:][:record[leafSize]]
}
