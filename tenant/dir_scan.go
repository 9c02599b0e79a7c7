package tenant

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// lineScan is the present state of a line's folder.
type lineScan struct {
	// files are the files that are resources. contents has the contents of those that
	// were read.
	files    pack.Listing
	contents map[string][]byte
	// problems are what looks like a resource and cannot be read.
	problems []FileError
}

type scanMode int

const (
	// scanChanged reads the files that have changed since the index was written.
	scanChanged scanMode = iota
	// scanBodies also reads those whose content is not in the pack.
	scanBodies
	// scanAnew reads all files: the index may be wrong.
	scanAnew
)

// scanning is the state of a scan.
type scanning struct {
	lineScan
	folder *folder.Folder
	line   Line
	mode   scanMode
	kept   pack.Listing
	index  map[string]indexEntry
	next   map[string]indexEntry
	// tick is a time before the first file was read, zero if none was read yet.
	// noIndex: that time is unknown, so the scan cannot be indexed.
	tick    time.Time
	noIndex bool
}

// scan reads a line's folder. kept are the files of the line's last revision:
// their contents have a place already.
func (t *tenantDir) scan(ctx context.Context, line Line, mode scanMode, kept pack.Listing) (lineScan, error) {
	s := &scanning{folder: t.folder, line: line, mode: mode, kept: kept, lineScan: lineScan{files: pack.Listing{}, contents: make(map[string][]byte)}}
	if t.folder == nil {
		return s.lineScan, nil
	}
	folder := string(line)
	if there, err := t.folder.Has(folder); !there || err != nil {
		return s.lineScan, err
	}
	if mode != scanAnew {
		s.index = readIndex(t.folder, line, t.boot)
	}
	s.next = make(map[string]indexEntry, len(s.index))
	if err := s.scanFolder(ctx, folder); err != nil {
		return s.lineScan, err
	}
	if !s.noIndex && !maps.Equal(s.index, s.next) {
		// The index only saves work: a call does not fail for it.
		_ = t.folder.WriteCache(indexName(line), encodeIndex(t.boot, s.next))
	}
	return s.lineScan, nil
}

func (s *scanning) scanFolder(ctx context.Context, folder string) error {
	if there, err := s.folder.Has(folder); !there || err != nil {
		return err
	}
	dir, err := s.folder.Open(folder)
	if err != nil {
		return ignoreMissing(err)
	}
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return ignoreMissing(err)
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := path.Join(folder, e.Name())
		rel := strings.TrimPrefix(name, string(s.line)+"/")
		if e.IsDir() && !isFileName(rel) {
			if err := s.scanFolder(ctx, name); err != nil {
				return err
			}
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted while we look
		}
		if err != nil {
			return err
		}
		if message := unreadable(info, rel); message != "" {
			problem := wholeFile(rel, message)
			if id, err := parsePath(rel); err == nil {
				problem.Kind, problem.Key = id.Kind, id.Key
			}
			s.problems = append(s.problems, *problem)
			continue
		}
		if isIgnored(rel) {
			continue
		}
		if len(rel) > maxPath {
			s.problems = append(s.problems, *wholeFile(strings.ToValidUTF8(rel[:maxPath], "")+"…", "the path is too long: move the file up"))
			continue
		}
		if err := s.scanFile(name, rel, info); err != nil {
			return err
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *scanning) scanFile(name, rel string, info fs.FileInfo) error {
	now := indexEntry{stat: statOf(info)}
	if old, there := s.index[rel]; there && old.stat == now.stat {
		e, placed := s.kept[rel]
		if !placed || e.Sum != old.sum {
			e = pack.Entry{Sum: old.sum, Size: old.stat.size}
		}
		if s.mode == scanChanged || e.At > 0 {
			s.files[rel], s.next[rel] = e, old
			return nil
		}
	}
	if s.tick.IsZero() && !s.noIndex {
		var err error
		if s.tick, err = tick(s.folder); err != nil {
			s.noIndex = true
		}
	}
	if err := s.folder.Before("read", name); err != nil {
		return err
	}
	content, err := s.folder.Read(name, MaxFileSize)
	if err != nil {
		return ignoreMissing(err)
	}
	now.sum = sha256.Sum256(content)
	e, placed := s.kept[rel]
	if !placed || e.Sum != now.sum {
		e = pack.Entry{Sum: now.sum, Size: int64(len(content))}
	}
	s.files[rel] = e
	s.contents[rel] = content
	if now.stat.isBefore(s.tick) && now.stat.size == int64(len(content)) {
		s.next[rel] = now
	}
	return nil
}

// isFileName reports whether a path in a line has the name of a file in a kind's
// folder.
func isFileName(rel string) bool {
	return strings.Contains(rel, "/") && strings.EqualFold(path.Ext(rel), extension)
}

// unreadable returns the reason why a path of a line is not read, although it could be
// a resource or a folder of them.
func unreadable(info fs.FileInfo, rel string) string {
	ext := path.Ext(rel)
	if info.IsDir() && isFileName(rel) {
		return "this is a folder with the name of a file: rename it"
	}
	if info.IsDir() || ext != "" && !strings.EqualFold(ext, extension) {
		return ""
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return "symbolic links are not followed: put the file itself here"
	}
	if ext == "" {
		return ""
	}
	if !info.Mode().IsRegular() {
		return "this is no regular file: put a file here or remove it"
	}
	if info.Size() > MaxFileSize {
		return fmt.Sprintf("the file has %d bytes, more than the limit of %d: split it or leave it out", info.Size(), MaxFileSize)
	}
	return ""
}
