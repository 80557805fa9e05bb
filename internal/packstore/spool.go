package packstore

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
)

// A spool is a file of chunks that lie in chains, last written first. A chunk is
//
//	chunk before it (8 bytes) ‖ length (4 bytes) ‖ bytes
//
// Chunks that were read are written again. What the spool needs in memory does
// not depend on what is in it. Its methods may run at the same time.
type spool struct {
	file  *os.File
	chunk int // bytes of a chunk

	mu   sync.Mutex
	size chunk // the last chunk of the file
	free chunk // the chain of those that may be written again
}

// A chunk is the number of a chunk, from 1.
type chunk uint64

const none chunk = 0

const chunkHead = 12

// newSpool makes a spool with chunks of this many bytes. Its file has no name:
// however the process ends, the space is free again.
func newSpool(dir string, size int) (*spool, error) {
	f, err := create(dir, "spool")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spool{file: f, chunk: size}, nil
}

func (s *spool) close() error { return s.file.Close() }

// capacity returns how many bytes go into a chunk.
func (s *spool) capacity() int { return s.chunk - chunkHead }

func (s *spool) at(c chunk) int64 { return int64(c-1) * int64(s.chunk) }

// take returns a chunk to write to.
func (s *spool) take() (chunk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == none {
		s.size++
		return s.size, nil
	}
	c := s.free
	var before [8]byte
	_, err := s.file.ReadAt(before[:], s.at(c))
	s.free = chunk(binary.BigEndian.Uint64(before[:]))
	return c, err
}

// write adds a chunk to the chain that ends in before, and returns it.
func (s *spool) write(b []byte, before chunk) (chunk, error) {
	c, err := s.take()
	if err != nil {
		return none, err
	}
	out := binary.BigEndian.AppendUint64(make([]byte, 0, s.chunk), uint64(before))
	out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
	_, err = s.file.WriteAt(append(out, b...), s.at(c))
	return c, err
}

// drain gives the bytes of a chain to take, chunk by chunk, and frees it.
func (s *spool) drain(last chunk, take func([]byte) error) error {
	buf := make([]byte, s.chunk)
	for c := last; ; {
		// The last chunk of the file ends where its bytes do.
		n, err := s.file.ReadAt(buf, s.at(c))
		if n < chunkHead {
			return errors.Join(errSpool, err)
		}
		length := int(binary.BigEndian.Uint32(buf[8:]))
		if n < chunkHead+length {
			return errors.Join(errSpool, err)
		}
		if err := take(buf[chunkHead:][:length]); err != nil {
			return err
		}
		before := chunk(binary.BigEndian.Uint64(buf))
		if before == none {
			return s.release(c, last)
		}
		c = before
	}
}

// release frees the chain from first to last.
func (s *spool) release(first, last chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.file.WriteAt(binary.BigEndian.AppendUint64(nil, uint64(s.free)), s.at(first))
	s.free = last
	return err
}
