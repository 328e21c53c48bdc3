CREATE TABLE `album_pictures` (
	`album` integer NOT NULL,
	`picture` integer NOT NULL,
	PRIMARY KEY(`album`, `picture`),
	FOREIGN KEY (`album`) REFERENCES `albums`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`picture`) REFERENCES `pictures`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `album_pictures_picture` ON `album_pictures` (`picture`);--> statement-breakpoint
CREATE TABLE `albums` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `albums_name_unique` ON `albums` (`name`);--> statement-breakpoint
CREATE TABLE `generations` (
	`picture` integer PRIMARY KEY NOT NULL,
	`prompt` text NOT NULL,
	`negative` text NOT NULL,
	`settings` text NOT NULL,
	`passes` integer,
	`seconds` real,
	FOREIGN KEY (`picture`) REFERENCES `pictures`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`state` text NOT NULL,
	`position` integer NOT NULL,
	`request` text NOT NULL,
	`done` integer DEFAULT 0 NOT NULL,
	`deaths` integer DEFAULT 0 NOT NULL,
	`error_message` text,
	`error_hint` text,
	`created` integer NOT NULL,
	`started` integer,
	`finished` integer
);
--> statement-breakpoint
CREATE INDEX `jobs_state` ON `jobs` (`state`,`position`);--> statement-breakpoint
CREATE TABLE `model_folders` (
	`path` text PRIMARY KEY NOT NULL,
	`created` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `models` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`architecture` text,
	`path` text NOT NULL,
	`size` integer NOT NULL,
	`modified` real NOT NULL,
	`dtype` text NOT NULL,
	`parameters` integer NOT NULL,
	`prediction_type` text,
	`native_size` integer,
	`auto_v2` text,
	`auto_v3` text,
	`place` text NOT NULL,
	`folder` text,
	`usable` integer NOT NULL,
	`problem` text,
	`preview` text,
	`created` integer NOT NULL,
	FOREIGN KEY (`folder`) REFERENCES `model_folders`(`path`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `models_path_unique` ON `models` (`path`);--> statement-breakpoint
CREATE INDEX `models_folder` ON `models` (`folder`);--> statement-breakpoint
CREATE INDEX `models_hash` ON `models` (`auto_v2`);--> statement-breakpoint
CREATE TABLE `picture_tags` (
	`picture` integer NOT NULL,
	`tag` integer NOT NULL,
	PRIMARY KEY(`tag`, `picture`),
	FOREIGN KEY (`picture`) REFERENCES `pictures`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`tag`) REFERENCES `tags`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `picture_tags_picture` ON `picture_tags` (`picture`);--> statement-breakpoint
CREATE TABLE `pictures` (
	`id` integer PRIMARY KEY NOT NULL,
	`file` text NOT NULL,
	`size` integer NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`created` integer NOT NULL,
	`starred` integer DEFAULT false NOT NULL,
	`base` text,
	`method` text,
	`sampler` text,
	`guidance` real,
	`steps` integer,
	`seed` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `pictures_file_unique` ON `pictures` (`file`);--> statement-breakpoint
CREATE INDEX `pictures_starred` ON `pictures` (`starred`) WHERE starred = 1;--> statement-breakpoint
CREATE INDEX `pictures_base` ON `pictures` (base COLLATE NOCASE);--> statement-breakpoint
CREATE INDEX `pictures_method` ON `pictures` (method COLLATE NOCASE);--> statement-breakpoint
CREATE INDEX `pictures_sampler` ON `pictures` (sampler COLLATE NOCASE);--> statement-breakpoint
CREATE INDEX `pictures_guidance` ON `pictures` (`guidance`);--> statement-breakpoint
CREATE INDEX `pictures_steps` ON `pictures` (`steps`);--> statement-breakpoint
CREATE INDEX `pictures_seed` ON `pictures` (`seed`);--> statement-breakpoint
CREATE TABLE `removals` (
	`id` text PRIMARY KEY NOT NULL,
	`created` integer NOT NULL,
	`final` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE `removed_pictures` (
	`file` text PRIMARY KEY NOT NULL,
	`removal` text NOT NULL,
	`rows` text NOT NULL,
	FOREIGN KEY (`removal`) REFERENCES `removals`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `removed_pictures_removal` ON `removed_pictures` (`removal`);--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text
);
--> statement-breakpoint
CREATE TABLE `tags` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tags_name_unique` ON `tags` (`name`);