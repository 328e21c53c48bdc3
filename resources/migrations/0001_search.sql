-- Words of what a picture was made from, by the picture's id. It keeps no copy of the texts themselves.
-- `facets` has one word each for the star, base, method, sampler and tags: a search for words and for those
-- never leaves the index.
CREATE VIRTUAL TABLE search USING fts5(
  prompt, negative, tags, facets,
  content='', contentless_delete=1, prefix='1 2 3', tokenize="unicode61 remove_diacritics 2"
);
--> statement-breakpoint
CREATE VIEW search_rows AS SELECT pictures.id, prompt, negative,
  (SELECT group_concat(name, ' ') FROM picture_tags JOIN tags ON tags.id = tag WHERE picture = pictures.id) AS tags,
  concat_ws(' ', iif(starred, 's1', NULL), 'b' || hex(lower(base)), 'm' || hex(lower(method)), 'p' || hex(lower(sampler)),
    (SELECT group_concat('t' || tag, ' ') FROM picture_tags WHERE picture = pictures.id)) AS facets
  FROM pictures LEFT JOIN generations ON generations.picture = pictures.id;
--> statement-breakpoint
CREATE TRIGGER generations_search_insert AFTER INSERT ON generations BEGIN
  INSERT OR REPLACE INTO search(rowid, prompt, negative, tags, facets) SELECT * FROM search_rows WHERE id = new.picture;
END;
--> statement-breakpoint
CREATE TRIGGER generations_search_update AFTER UPDATE OF prompt, negative ON generations BEGIN
  INSERT OR REPLACE INTO search(rowid, prompt, negative, tags, facets) SELECT * FROM search_rows WHERE id = new.picture;
END;
--> statement-breakpoint
CREATE TRIGGER picture_tags_search_insert AFTER INSERT ON picture_tags BEGIN
  INSERT OR REPLACE INTO search(rowid, prompt, negative, tags, facets) SELECT * FROM search_rows WHERE id = new.picture;
END;
--> statement-breakpoint
CREATE TRIGGER picture_tags_search_delete AFTER DELETE ON picture_tags BEGIN
  INSERT OR REPLACE INTO search(rowid, prompt, negative, tags, facets) SELECT * FROM search_rows WHERE id = old.picture;
END;
--> statement-breakpoint
CREATE TRIGGER pictures_search_update AFTER UPDATE OF starred, base, method, sampler ON pictures BEGIN
  INSERT OR REPLACE INTO search(rowid, prompt, negative, tags, facets) SELECT * FROM search_rows WHERE id = new.id;
END;
--> statement-breakpoint
CREATE TRIGGER pictures_search_delete AFTER DELETE ON pictures BEGIN
  DELETE FROM search WHERE rowid = old.id;
END;
