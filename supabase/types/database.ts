// The types of schema ops, for supabase-js. Written by `make export`.
export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[];

export type Database = {
  ops: {
    Tables: {
      approvals: {
        Row: {
          approver_id: string;
          created_at: string;
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          id: string;
          occurred_at: string;
          persona_role: string;
          rationale_structured: NonNullable<Json>;
          release_author: string;
          release_id: string;
          source: string;
        };
        ComputedFields: never;
        Insert: {
          approver_id: string;
          created_at?: string;
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          id?: string;
          occurred_at?: string;
          persona_role: string;
          rationale_structured?: NonNullable<Json>;
          release_author: string;
          release_id: string;
          source?: string;
        };
        Update: {
          approver_id?: string;
          created_at?: string;
          decision?: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id?: string;
          id?: string;
          occurred_at?: string;
          persona_role?: string;
          rationale_structured?: NonNullable<Json>;
          release_author?: string;
          release_id?: string;
          source?: string;
        };
        Relationships: [
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "approvals_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "approvals_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "created_by"];
          },
          {
            foreignKeyName: "approvals_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id", "created_by"];
          },
        ];
      };
      backups: {
        Row: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          attempt?: number | null;
          created_at?: string;
          database_name?: string | null;
          drop_reason?: string | null;
          dropped_at?: string | null;
          environment_id: string;
          error_message?: string | null;
          format_version?: number | null;
          git_sha?: string | null;
          held_at?: string | null;
          held_by?: string | null;
          hold_reason?: string | null;
          id?: string;
          image_digest?: string | null;
          label?: string | null;
          manifest_sha256?: string | null;
          manifest_url?: string | null;
          metadata?: NonNullable<Json>;
          object_count?: number | null;
          odoo_version?: string | null;
          project_id: string;
          requested_by?: string | null;
          run_id?: string | null;
          size_bytes?: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["backup_status"];
          stored_at?: string | null;
          stored_bytes?: number | null;
          taken_at?: string | null;
          verified_at?: string | null;
        };
        Update: {
          attempt?: number | null;
          created_at?: string;
          database_name?: string | null;
          drop_reason?: string | null;
          dropped_at?: string | null;
          environment_id?: string;
          error_message?: string | null;
          format_version?: number | null;
          git_sha?: string | null;
          held_at?: string | null;
          held_by?: string | null;
          hold_reason?: string | null;
          id?: string;
          image_digest?: string | null;
          label?: string | null;
          manifest_sha256?: string | null;
          manifest_url?: string | null;
          metadata?: NonNullable<Json>;
          object_count?: number | null;
          odoo_version?: string | null;
          project_id?: string;
          requested_by?: string | null;
          run_id?: string | null;
          size_bytes?: number | null;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["backup_status"];
          stored_at?: string | null;
          stored_bytes?: number | null;
          taken_at?: string | null;
          verified_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "backups_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "backups_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "backups_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      branch_heads: {
        Row: {
          branch: string;
          project_id: string;
          seen_at: string;
          sha: string;
        };
        ComputedFields: never;
        Insert: {
          branch: string;
          project_id: string;
          seen_at?: string;
          sha: string;
        };
        Update: {
          branch?: string;
          project_id?: string;
          seen_at?: string;
          sha?: string;
        };
        Relationships: [
          {
            foreignKeyName: "branch_heads_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "branch_heads_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      checkpoints: {
        Row: {
          created_at: string;
          event_count: number;
          events_before: string;
          hash: string;
          id: number;
          prev_hash: string;
          root: string;
          run_count: number;
        };
        ComputedFields: never;
        Insert: {
          created_at: string;
          event_count: number;
          events_before: string;
          hash: string;
          id?: never;
          prev_hash: string;
          root: string;
          run_count: number;
        };
        Update: {
          created_at?: string;
          event_count?: number;
          events_before?: string;
          hash?: string;
          id?: never;
          prev_hash?: string;
          root?: string;
          run_count?: number;
        };
        Relationships: [];
      };
      control_plane: {
        Row: {
          created_at: string;
          id: string;
          is_only: boolean;
          orphans_found_at: string | null;
          rounds: number;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          id?: string;
          is_only?: boolean;
          orphans_found_at?: string | null;
          rounds?: number;
        };
        Update: {
          created_at?: string;
          id?: string;
          is_only?: boolean;
          orphans_found_at?: string | null;
          rounds?: number;
        };
        Relationships: [];
      };
      database_templates: {
        Row: {
          built_by_run: string | null;
          created_at: string;
          database_name: string;
          key: string;
          last_used_at: string;
          modules: string[];
          series: string;
          tests: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          built_by_run?: string | null;
          created_at?: string;
          database_name: string;
          key: string;
          last_used_at?: string;
          modules: string[];
          series: string;
          tests?: NonNullable<Json>;
        };
        Update: {
          built_by_run?: string | null;
          created_at?: string;
          database_name?: string;
          key?: string;
          last_used_at?: string;
          modules?: string[];
          series?: string;
          tests?: NonNullable<Json>;
        };
        Relationships: [
          {
            foreignKeyName: "database_templates_built_by_run_fkey";
            columns: ["built_by_run"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      deployments: {
        Row: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        ComputedFields: never;
        Insert: {
          backup_id?: string | null;
          created_at?: string;
          database_name?: string | null;
          decision_due_at?: string | null;
          environment_id?: string | null;
          finished_at?: string | null;
          g4_deadline_at?: string | null;
          g4_status?: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id?: string;
          image_digest: string;
          keep_previous_until?: string | null;
          kept_at?: string | null;
          kept_by?: string | null;
          kept_reason?: string | null;
          no_backup_reason?: string | null;
          previous_database_name?: string | null;
          project_id: string;
          reason?: string | null;
          release_id: string;
          requested_by: string;
          rollback_of?: string | null;
          run_id?: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["deployment_status"];
          told_at?: string | null;
          with_data?: boolean;
        };
        Update: {
          backup_id?: string | null;
          created_at?: string;
          database_name?: string | null;
          decision_due_at?: string | null;
          environment_id?: string | null;
          finished_at?: string | null;
          g4_deadline_at?: string | null;
          g4_status?: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas?: NonNullable<Json>;
          id?: string;
          image_digest?: string;
          keep_previous_until?: string | null;
          kept_at?: string | null;
          kept_by?: string | null;
          kept_reason?: string | null;
          no_backup_reason?: string | null;
          previous_database_name?: string | null;
          project_id?: string;
          reason?: string | null;
          release_id?: string;
          requested_by?: string;
          rollback_of?: string | null;
          run_id?: string | null;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["deployment_status"];
          told_at?: string | null;
          with_data?: boolean;
        };
        Relationships: [
          {
            foreignKeyName: "deployments_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: ["release_id", "project_id", "image_digest", "git_shas"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      environment_events: {
        Row: {
          created_at: string;
          environment: string;
          environment_id: string | null;
          event: string;
          id: number;
          occurred_at: string;
          payload: NonNullable<Json>;
          project_id: string;
          recorded_by: string;
          source: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          environment: string;
          environment_id?: string | null;
          event: string;
          id?: never;
          occurred_at?: string;
          payload?: NonNullable<Json>;
          project_id: string;
          recorded_by: string;
          source: string;
        };
        Update: {
          created_at?: string;
          environment?: string;
          environment_id?: string | null;
          event?: string;
          id?: never;
          occurred_at?: string;
          payload?: NonNullable<Json>;
          project_id?: string;
          recorded_by?: string;
          source?: string;
        };
        Relationships: [
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "environment_events_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environment_events_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      environments: {
        Row: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
        };
        ComputedFields: never;
        Insert: {
          branch: string;
          created_at?: string;
          database_name?: string | null;
          deployed_run_id?: string | null;
          deployed_sha?: string | null;
          destroyed_at?: string | null;
          expires_at?: string | null;
          generation?: number;
          host_label: string;
          id?: string;
          image_digest?: string | null;
          is_adopted?: boolean;
          name: string;
          partition_key: string;
          port?: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["environment_status"];
          url?: string | null;
        };
        Update: {
          branch?: string;
          created_at?: string;
          database_name?: string | null;
          deployed_run_id?: string | null;
          deployed_sha?: string | null;
          destroyed_at?: string | null;
          expires_at?: string | null;
          generation?: number;
          host_label?: string;
          id?: string;
          image_digest?: string | null;
          is_adopted?: boolean;
          name?: string;
          partition_key?: string;
          port?: number | null;
          project_id?: string;
          stage?: Database["ops"]["Enums"]["environment_stage"];
          status?: Database["ops"]["Enums"]["environment_status"];
          url?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      event_ingest_log: {
        Row: {
          caller_id: string;
          caller_role: string;
          content_sha256: string | null;
          envelope: Json | null;
          envelope_sha256: string;
          error: string | null;
          event_type: string | null;
          http_status: number;
          id: number;
          idempotency_key: string | null;
          processing_status: Database["ops"]["Enums"]["ops_processing_status"];
          project_id: string | null;
          received_at: string;
          release_id: string | null;
          schema_version: string | null;
          size_bytes: number;
          source: string | null;
        };
        ComputedFields: never;
        Insert: {
          caller_id: string;
          caller_role: string;
          content_sha256?: string | null;
          envelope?: Json | null;
          envelope_sha256: string;
          error?: string | null;
          event_type?: string | null;
          http_status: number;
          id?: never;
          idempotency_key?: string | null;
          processing_status: Database["ops"]["Enums"]["ops_processing_status"];
          project_id?: string | null;
          received_at?: string;
          release_id?: string | null;
          schema_version?: string | null;
          size_bytes: number;
          source?: string | null;
        };
        Update: {
          caller_id?: string;
          caller_role?: string;
          content_sha256?: string | null;
          envelope?: Json | null;
          envelope_sha256?: string;
          error?: string | null;
          event_type?: string | null;
          http_status?: number;
          id?: never;
          idempotency_key?: string | null;
          processing_status?: Database["ops"]["Enums"]["ops_processing_status"];
          project_id?: string | null;
          received_at?: string;
          release_id?: string | null;
          schema_version?: string | null;
          size_bytes?: number;
          source?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "event_ingest_log_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_ingest_log_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "event_ingest_log_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
        ];
      };
      event_keys: {
        Row: {
          approver_id: string | null;
          created_at: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          id: string;
          key_sha256: string;
          last_used_at: string | null;
          name: string;
          persona: string;
          prefix: string;
          project_id: string | null;
          revoked_at: string | null;
          revoked_by: string | null;
          rotated_from: string | null;
        };
        ComputedFields: never;
        Insert: {
          approver_id?: string | null;
          created_at?: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          id?: string;
          key_sha256: string;
          last_used_at?: string | null;
          name: string;
          persona: string;
          prefix: string;
          project_id?: string | null;
          revoked_at?: string | null;
          revoked_by?: string | null;
          rotated_from?: string | null;
        };
        Update: {
          approver_id?: string | null;
          created_at?: string;
          created_by?: string;
          event_types?: string[];
          expires_at?: string;
          id?: string;
          key_sha256?: string;
          last_used_at?: string | null;
          name?: string;
          persona?: string;
          prefix?: string;
          project_id?: string | null;
          revoked_at?: string | null;
          revoked_by?: string | null;
          rotated_from?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "event_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "v_event_keys";
            referencedColumns: ["key_id"];
          },
        ];
      };
      evidence_artifacts: {
        Row: {
          check_id: string | null;
          content_type: string;
          created_at: string;
          created_by: string;
          gate_id: string | null;
          id: string;
          kind: string;
          release_id: string | null;
          run_id: string | null;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Insert: {
          check_id?: string | null;
          content_type?: string;
          created_at?: string;
          created_by: string;
          gate_id?: string | null;
          id?: string;
          kind: string;
          release_id?: string | null;
          run_id?: string | null;
          s3_url: string;
          sha256: string;
          size_bytes?: number;
        };
        Update: {
          check_id?: string | null;
          content_type?: string;
          created_at?: string;
          created_by?: string;
          gate_id?: string | null;
          id?: string;
          kind?: string;
          release_id?: string | null;
          run_id?: string | null;
          s3_url?: string;
          sha256?: string;
          size_bytes?: number;
        };
        Relationships: [
          {
            foreignKeyName: "evidence_artifacts_check_id_fkey";
            columns: ["check_id"];
            isOneToOne: false;
            referencedRelation: "gate_checks";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "evidence_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      exceptions: {
        Row: {
          created_at: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at: string | null;
          granted_by: string | null;
          id: string;
          is_break_glass: boolean;
          reason: string;
          release_author: string;
          release_id: string;
          requested_by: string;
          revoked_at: string | null;
          revoked_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at?: string | null;
          granted_by?: string | null;
          id?: string;
          is_break_glass?: boolean;
          reason: string;
          release_author: string;
          release_id: string;
          requested_by: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Update: {
          created_at?: string;
          expires_at?: string;
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id?: string;
          granted_at?: string | null;
          granted_by?: string | null;
          id?: string;
          is_break_glass?: boolean;
          reason?: string;
          release_author?: string;
          release_id?: string;
          requested_by?: string;
          revoked_at?: string | null;
          revoked_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "created_by"];
          },
          {
            foreignKeyName: "exceptions_release_id_release_author_fkey";
            columns: ["release_id", "release_author"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id", "created_by"];
          },
        ];
      };
      gate_checks: {
        Row: {
          created_at: string;
          deployment_id: string | null;
          gate_id: string;
          id: string;
          metadata: NonNullable<Json>;
          name: string;
          occurred_at: string;
          run_id: string | null;
          source: string;
          status: Database["ops"]["Enums"]["check_status"];
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          deployment_id?: string | null;
          gate_id: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name: string;
          occurred_at?: string;
          run_id?: string | null;
          source?: string;
          status: Database["ops"]["Enums"]["check_status"];
          summary?: string;
        };
        Update: {
          created_at?: string;
          deployment_id?: string | null;
          gate_id?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name?: string;
          occurred_at?: string;
          run_id?: string | null;
          source?: string;
          status?: Database["ops"]["Enums"]["check_status"];
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "gate_checks_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_gate_id_fkey";
            columns: ["gate_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["gate_id"];
          },
          {
            foreignKeyName: "gate_checks_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      incidents: {
        Row: {
          deployment_id: string | null;
          description: string;
          exception_id: string | null;
          id: string;
          key: string | null;
          opened_at: string;
          opened_by: string;
          project_id: string | null;
          resolution: string | null;
          resolved_at: string | null;
          resolved_by: string | null;
          severity: Database["ops"]["Enums"]["incident_severity"];
          status: Database["ops"]["Enums"]["incident_status"];
          title: string;
        };
        ComputedFields: never;
        Insert: {
          deployment_id?: string | null;
          description?: string;
          exception_id?: string | null;
          id?: string;
          key?: string | null;
          opened_at?: string;
          opened_by: string;
          project_id?: string | null;
          resolution?: string | null;
          resolved_at?: string | null;
          resolved_by?: string | null;
          severity?: Database["ops"]["Enums"]["incident_severity"];
          status?: Database["ops"]["Enums"]["incident_status"];
          title: string;
        };
        Update: {
          deployment_id?: string | null;
          description?: string;
          exception_id?: string | null;
          id?: string;
          key?: string | null;
          opened_at?: string;
          opened_by?: string;
          project_id?: string | null;
          resolution?: string | null;
          resolved_at?: string | null;
          resolved_by?: string | null;
          severity?: Database["ops"]["Enums"]["incident_severity"];
          status?: Database["ops"]["Enums"]["incident_status"];
          title?: string;
        };
        Relationships: [
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id"];
          },
          {
            foreignKeyName: "incidents_deployment_id_fkey";
            columns: ["deployment_id"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "exceptions";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_exception_status";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_exception_id_fkey";
            columns: ["exception_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["exception_id"];
          },
          {
            foreignKeyName: "incidents_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "incidents_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      orphan_decisions: {
        Row: {
          decided_at: string;
          decided_by: string;
          decision: Database["ops"]["Enums"]["orphan_decision"];
          id: number;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          name: string;
          reason: string;
        };
        ComputedFields: never;
        Insert: {
          decided_at?: string;
          decided_by: string;
          decision: Database["ops"]["Enums"]["orphan_decision"];
          id?: never;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          name: string;
          reason: string;
        };
        Update: {
          decided_at?: string;
          decided_by?: string;
          decision?: Database["ops"]["Enums"]["orphan_decision"];
          id?: never;
          kind?: Database["ops"]["Enums"]["orphan_kind"];
          name?: string;
          reason?: string;
        };
        Relationships: [];
      };
      orphans: {
        Row: {
          answer: string;
          control_plane: string | null;
          decided_at: string | null;
          decided_by: string | null;
          decision: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at: string;
          installation: string | null;
          is_foreign: boolean;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          made_at: string | null;
          name: string;
          reason: string;
          refusal: string | null;
          run_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          answer: string;
          control_plane?: string | null;
          decided_at?: string | null;
          decided_by?: string | null;
          decision?: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at: string;
          installation?: string | null;
          is_foreign: boolean;
          kind: Database["ops"]["Enums"]["orphan_kind"];
          made_at?: string | null;
          name: string;
          reason: string;
          refusal?: string | null;
          run_id?: string | null;
        };
        Update: {
          answer?: string;
          control_plane?: string | null;
          decided_at?: string | null;
          decided_by?: string | null;
          decision?: Database["ops"]["Enums"]["orphan_decision"] | null;
          found_at?: string;
          installation?: string | null;
          is_foreign?: boolean;
          kind?: Database["ops"]["Enums"]["orphan_kind"];
          made_at?: string | null;
          name?: string;
          reason?: string;
          refusal?: string | null;
          run_id?: string | null;
        };
        Relationships: [];
      };
      people: {
        Row: {
          created_at: string;
          created_by: string;
          id: string;
          name: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by: string;
          id?: string;
          name: string;
        };
        Update: {
          created_at?: string;
          created_by?: string;
          id?: string;
          name?: string;
        };
        Relationships: [];
      };
      person_aliases: {
        Row: {
          alias: string;
          created_at: string;
          created_by: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          person_id: string;
          spelling: string;
        };
        ComputedFields: never;
        Insert: {
          alias: string;
          created_at?: string;
          created_by: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          person_id: string;
          spelling: string;
        };
        Update: {
          alias?: string;
          created_at?: string;
          created_by?: string;
          kind?: Database["ops"]["Enums"]["alias_kind"];
          person_id?: string;
          spelling?: string;
        };
        Relationships: [
          {
            foreignKeyName: "person_aliases_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "people";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "person_aliases_person_id_fkey";
            columns: ["person_id"];
            isOneToOne: false;
            referencedRelation: "v_people";
            referencedColumns: ["person_id"];
          },
        ];
      };
      policies: {
        Row: {
          created_at: string;
          id: string;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          project_id: string | null;
          rules: NonNullable<Json>;
          updated_at: string;
          updated_by: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          id?: string;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          project_id?: string | null;
          rules: NonNullable<Json>;
          updated_at?: string;
          updated_by: string;
        };
        Update: {
          created_at?: string;
          id?: string;
          policy_type?: Database["ops"]["Enums"]["policy_type"];
          project_id?: string | null;
          rules?: NonNullable<Json>;
          updated_at?: string;
          updated_by?: string;
        };
        Relationships: [
          {
            foreignKeyName: "policies_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "policies_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_counters: {
        Row: {
          last_run_number: number;
          project_id: string;
          retention_planned_at: string | null;
          retention_swept_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          last_run_number?: number;
          project_id: string;
          retention_planned_at?: string | null;
          retention_swept_at?: string | null;
        };
        Update: {
          last_run_number?: number;
          project_id?: string;
          retention_planned_at?: string | null;
          retention_swept_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "project_counters_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_counters_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_memberships: {
        Row: {
          created_at: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        Update: {
          created_at?: string;
          project_id?: string;
          role?: Database["ops"]["Enums"]["membership_role"];
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_setting_changes: {
        Row: {
          changed_at: string;
          changed_by: string;
          id: number;
          key: string;
          new_value: Json | null;
          old_value: Json | null;
          project_id: string;
        };
        ComputedFields: never;
        Insert: {
          changed_at?: string;
          changed_by: string;
          id?: never;
          key: string;
          new_value?: Json | null;
          old_value?: Json | null;
          project_id: string;
        };
        Update: {
          changed_at?: string;
          changed_by?: string;
          id?: never;
          key?: string;
          new_value?: Json | null;
          old_value?: Json | null;
          project_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "project_setting_changes_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_setting_changes_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      project_settings: {
        Row: {
          key: string;
          project_id: string;
          set_at: string;
          set_by: string;
          value: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          key: string;
          project_id: string;
          set_at?: string;
          set_by: string;
          value: NonNullable<Json>;
        };
        Update: {
          key?: string;
          project_id?: string;
          set_at?: string;
          set_by?: string;
          value?: NonNullable<Json>;
        };
        Relationships: [
          {
            foreignKeyName: "project_settings_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_settings_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      projects: {
        Row: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          config?: NonNullable<Json>;
          created_at?: string;
          default_branch?: string;
          heads_asked_at?: string | null;
          id?: string;
          last_polled_at?: string | null;
          notified_at?: string | null;
          odoo_version: string;
          own_webhook_at?: string | null;
          poll_enabled?: boolean;
          poll_error?: string | null;
          poll_failed_at?: string | null;
          repo_url: string;
          slug: string;
          status?: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        };
        Update: {
          archived_at?: string | null;
          config?: NonNullable<Json>;
          created_at?: string;
          default_branch?: string;
          heads_asked_at?: string | null;
          id?: string;
          last_polled_at?: string | null;
          notified_at?: string | null;
          odoo_version?: string;
          own_webhook_at?: string | null;
          poll_enabled?: boolean;
          poll_error?: string | null;
          poll_failed_at?: string | null;
          repo_url?: string;
          slug?: string;
          status?: Database["ops"]["Enums"]["project_status"];
          workspace_key?: string;
        };
        Relationships: [];
      };
      push_deliveries: {
        Row: {
          body_sha256: string | null;
          delivery_id: string;
          error: string | null;
          event: string;
          id: number;
          is_forced: boolean;
          outcome: string | null;
          payload: NonNullable<Json>;
          previous_sha: string | null;
          processed_at: string | null;
          project_id: string | null;
          pusher: string | null;
          received_at: string;
          ref: string | null;
          repo_url: string;
          sha: string | null;
        };
        ComputedFields: never;
        Insert: {
          body_sha256?: string | null;
          delivery_id: string;
          error?: string | null;
          event: string;
          id?: never;
          is_forced?: boolean;
          outcome?: string | null;
          payload?: NonNullable<Json>;
          previous_sha?: string | null;
          processed_at?: string | null;
          project_id?: string | null;
          pusher?: string | null;
          received_at?: string;
          ref?: string | null;
          repo_url: string;
          sha?: string | null;
        };
        Update: {
          body_sha256?: string | null;
          delivery_id?: string;
          error?: string | null;
          event?: string;
          id?: never;
          is_forced?: boolean;
          outcome?: string | null;
          payload?: NonNullable<Json>;
          previous_sha?: string | null;
          processed_at?: string | null;
          project_id?: string | null;
          pusher?: string | null;
          received_at?: string;
          ref?: string | null;
          repo_url?: string;
          sha?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "push_deliveries_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "push_deliveries_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      recovery_drills: {
        Row: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          backup_id: string;
          evidence_id?: string | null;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          project_id: string;
          report?: NonNullable<Json>;
          restore_id?: string | null;
          rpo_seconds?: number | null;
          rto_seconds?: number | null;
          run_id?: string | null;
          started_at?: string;
          summary?: string;
        };
        Update: {
          backup_id?: string;
          evidence_id?: string | null;
          finished_at?: string | null;
          id?: string;
          passed?: boolean | null;
          project_id?: string;
          report?: NonNullable<Json>;
          restore_id?: string | null;
          rpo_seconds?: number | null;
          rto_seconds?: number | null;
          run_id?: string | null;
          started_at?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "recovery_drills_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "recovery_drills_evidence_id_fkey";
            columns: ["evidence_id"];
            isOneToOne: false;
            referencedRelation: "evidence_artifacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "recovery_drills_restore_id_fkey";
            columns: ["restore_id"];
            isOneToOne: false;
            referencedRelation: "restores";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "recovery_drills_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      release_gates: {
        Row: {
          created_at: string;
          deadline_at: string | null;
          evaluated_at: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          id: string;
          is_distinct: boolean;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"];
          quorum: number;
          reason: string | null;
          release_id: string;
          required_checks: string[];
          status: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds: number;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          deadline_at?: string | null;
          evaluated_at?: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          id?: string;
          is_distinct?: boolean;
          is_required?: boolean;
          merit?: Database["ops"]["Enums"]["ops_gate_status"];
          quorum?: number;
          reason?: string | null;
          release_id: string;
          required_checks?: string[];
          status?: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds?: number;
        };
        Update: {
          created_at?: string;
          deadline_at?: string | null;
          evaluated_at?: string | null;
          gate_code?: Database["ops"]["Enums"]["ops_gate_code"];
          id?: string;
          is_distinct?: boolean;
          is_required?: boolean;
          merit?: Database["ops"]["Enums"]["ops_gate_status"];
          quorum?: number;
          reason?: string | null;
          release_id?: string;
          required_checks?: string[];
          status?: Database["ops"]["Enums"]["ops_gate_status"];
          window_seconds?: number;
        };
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
        ];
      };
      releases: {
        Row: {
          created_at: string;
          created_by: string;
          git_ref: string | null;
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          lock_digest: string | null;
          notes: string | null;
          project_id: string;
          run_id: string | null;
          status: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by: string;
          git_ref?: string | null;
          git_shas: NonNullable<Json>;
          id?: string;
          image_digest: string;
          lock_digest?: string | null;
          notes?: string | null;
          project_id: string;
          run_id?: string | null;
          status?: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at?: string | null;
        };
        Update: {
          created_at?: string;
          created_by?: string;
          git_ref?: string | null;
          git_shas?: NonNullable<Json>;
          id?: string;
          image_digest?: string;
          lock_digest?: string | null;
          notes?: string | null;
          project_id?: string;
          run_id?: string | null;
          status?: Database["ops"]["Enums"]["ops_release_status"];
          version?: string;
          withdrawn_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "releases_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      repository_rules: {
        Row: {
          git_sha: string;
          project_id: string;
          recorded_at: string;
          rules: NonNullable<Json>;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          git_sha: string;
          project_id: string;
          recorded_at?: string;
          rules: NonNullable<Json>;
          run_id: string;
        };
        Update: {
          git_sha?: string;
          project_id?: string;
          recorded_at?: string;
          rules?: NonNullable<Json>;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "repository_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: true;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "runs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["working_run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_run_details";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_run_queue";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_runs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "repository_rules_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "v_startable_runs";
            referencedColumns: ["id"];
          },
        ];
      };
      restores: {
        Row: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        ComputedFields: never;
        Insert: {
          attempt?: number | null;
          backup_id: string;
          created_at?: string;
          database_name?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          keep_previous_until?: string | null;
          masking_profile?: string | null;
          previous_database_name?: string | null;
          project_id: string;
          purpose?: Database["ops"]["Enums"]["restore_purpose"];
          report?: NonNullable<Json>;
          requested_by?: string | null;
          run_id?: string | null;
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["restore_status"];
        };
        Update: {
          attempt?: number | null;
          backup_id?: string;
          created_at?: string;
          database_name?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          keep_previous_until?: string | null;
          masking_profile?: string | null;
          previous_database_name?: string | null;
          project_id?: string;
          purpose?: Database["ops"]["Enums"]["restore_purpose"];
          report?: NonNullable<Json>;
          requested_by?: string | null;
          run_id?: string | null;
          started_at?: string | null;
          status?: Database["ops"]["Enums"]["restore_status"];
        };
        Relationships: [
          {
            foreignKeyName: "restores_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "restores_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "restores_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "restores_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      roles: {
        Row: {
          description: string;
          permissions: string[];
          role: string;
        };
        ComputedFields: never;
        Insert: {
          description: string;
          permissions: string[];
          role: string;
        };
        Update: {
          description?: string;
          permissions?: string[];
          role?: string;
        };
        Relationships: [];
      };
      run_artifacts: {
        Row: {
          artifact_key: string;
          attempt: number;
          condemned_at: string | null;
          content_type: string;
          created_at: string;
          expires_at: string | null;
          id: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Insert: {
          artifact_key: string;
          attempt: number;
          condemned_at?: string | null;
          content_type?: string;
          created_at?: string;
          expires_at?: string | null;
          id?: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        Update: {
          artifact_key?: string;
          attempt?: number;
          condemned_at?: string | null;
          content_type?: string;
          created_at?: string;
          expires_at?: string | null;
          id?: string;
          run_id?: string;
          s3_url?: string;
          sha256?: string;
          size_bytes?: number;
        };
        Relationships: [
          {
            foreignKeyName: "run_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_checkpoints: {
        Row: {
          checkpoint_id: number;
          event_count: number;
          hash: string;
          last_hash: string;
          last_seq: number;
          prev_hash: string;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          checkpoint_id: number;
          event_count: number;
          hash: string;
          last_hash: string;
          last_seq: number;
          prev_hash: string;
          run_id: string;
        };
        Update: {
          checkpoint_id?: number;
          event_count?: number;
          hash?: string;
          last_hash?: string;
          last_seq?: number;
          prev_hash?: string;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_checkpoints_checkpoint_id_fkey";
            columns: ["checkpoint_id"];
            isOneToOne: false;
            referencedRelation: "checkpoints";
            referencedColumns: ["id"];
          },
        ];
      };
      run_checks: {
        Row: {
          attempt: number;
          blocking: boolean;
          created_at: string;
          id: string;
          metadata: NonNullable<Json>;
          name: string;
          passed: boolean;
          run_id: string;
          summary: string;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          blocking?: boolean;
          created_at?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name: string;
          passed: boolean;
          run_id: string;
          summary: string;
        };
        Update: {
          attempt?: number;
          blocking?: boolean;
          created_at?: string;
          id?: string;
          metadata?: NonNullable<Json>;
          name?: string;
          passed?: boolean;
          run_id?: string;
          summary?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_checks_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_events: {
        Row: {
          attempt: number;
          created_at: string;
          event_type: Database["ops"]["Enums"]["event_type"];
          hash: string;
          id: number;
          message: string;
          payload: NonNullable<Json>;
          prev_hash: string;
          run_id: string;
          seq: number;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          created_at: string;
          event_type: Database["ops"]["Enums"]["event_type"];
          hash: string;
          id?: never;
          message: string;
          payload?: NonNullable<Json>;
          prev_hash: string;
          run_id: string;
          seq: number;
        };
        Update: {
          attempt?: number;
          created_at?: string;
          event_type?: Database["ops"]["Enums"]["event_type"];
          hash?: string;
          id?: never;
          message?: string;
          payload?: NonNullable<Json>;
          prev_hash?: string;
          run_id?: string;
          seq?: number;
        };
        Relationships: [];
      };
      run_lineage: {
        Row: {
          asset_key: string;
          attempt: number;
          code_version: string | null;
          created_at: string;
          data_version: string | null;
          id: number;
          inputs: NonNullable<Json>;
          partition_key: string | null;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          asset_key: string;
          attempt: number;
          code_version?: string | null;
          created_at?: string;
          data_version?: string | null;
          id?: never;
          inputs?: NonNullable<Json>;
          partition_key?: string | null;
          run_id: string;
        };
        Update: {
          asset_key?: string;
          attempt?: number;
          code_version?: string | null;
          created_at?: string;
          data_version?: string | null;
          id?: never;
          inputs?: NonNullable<Json>;
          partition_key?: string | null;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_lineage_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_logs: {
        Row: {
          attempt: number;
          id: number;
          level: Database["ops"]["Enums"]["log_level"];
          logged_at: string;
          message: string;
          metadata: NonNullable<Json>;
          run_id: string;
        };
        ComputedFields: never;
        Insert: {
          attempt: number;
          id?: never;
          level: Database["ops"]["Enums"]["log_level"];
          logged_at?: string;
          message: string;
          metadata?: NonNullable<Json>;
          run_id: string;
        };
        Update: {
          attempt?: number;
          id?: never;
          level?: Database["ops"]["Enums"]["log_level"];
          logged_at?: string;
          message?: string;
          metadata?: NonNullable<Json>;
          run_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "run_logs_run_id_fkey1";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      run_requests: {
        Row: {
          body_hash: string;
          config: NonNullable<Json>;
          environment_id: string | null;
          idempotency_key: string | null;
          project_id: string;
          requested_by: string | null;
          retry_of: string | null;
          run_id: string;
          run_number: number;
        };
        ComputedFields: never;
        Insert: {
          body_hash: string;
          config?: NonNullable<Json>;
          environment_id?: string | null;
          idempotency_key?: string | null;
          project_id: string;
          requested_by?: string | null;
          retry_of?: string | null;
          run_id: string;
          run_number: number;
        };
        Update: {
          body_hash?: string;
          config?: NonNullable<Json>;
          environment_id?: string | null;
          idempotency_key?: string | null;
          project_id?: string;
          requested_by?: string | null;
          retry_of?: string | null;
          run_id?: string;
          run_number?: number;
        };
        Relationships: [
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_environment_id_fkey";
            columns: ["environment_id"];
            isOneToOne: false;
            referencedRelation: "v_productions";
            referencedColumns: ["environment_id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "run_requests_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      runs: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          created_at: string;
          dagster_run_id: string | null;
          environment_id: string | null;
          error_message: string | null;
          event_count: number;
          event_hash: string;
          exit_code: number | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          not_before: string | null;
          priority: number;
          project_id: string;
          run_number: number;
          started_at: string | null;
          starts: number;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
          turn: number;
        };
        ComputedFields: never;
        Insert: {
          attempt?: number;
          cancel_requested_at?: string | null;
          claimed_at?: string | null;
          claimed_by?: string | null;
          created_at: string;
          dagster_run_id?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          event_count?: number;
          event_hash?: string;
          exit_code?: number | null;
          finished_at?: string | null;
          git_ref?: string | null;
          git_sha?: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at?: string | null;
          max_attempts?: number;
          not_before?: string | null;
          priority?: number;
          project_id: string;
          run_number: number;
          started_at?: string | null;
          starts?: number;
          status?: Database["ops"]["Enums"]["run_status"];
          trigger: string;
          turn?: number;
        };
        Update: {
          attempt?: number;
          cancel_requested_at?: string | null;
          claimed_at?: string | null;
          claimed_by?: string | null;
          created_at?: string;
          dagster_run_id?: string | null;
          environment_id?: string | null;
          error_message?: string | null;
          event_count?: number;
          event_hash?: string;
          exit_code?: number | null;
          finished_at?: string | null;
          git_ref?: string | null;
          git_sha?: string | null;
          id?: string;
          kind?: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at?: string | null;
          max_attempts?: number;
          not_before?: string | null;
          priority?: number;
          project_id?: string;
          run_number?: number;
          started_at?: string | null;
          starts?: number;
          status?: Database["ops"]["Enums"]["run_status"];
          trigger?: string;
          turn?: number;
        };
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      tools: {
        Row: {
          config: NonNullable<Json>;
          created_at: string;
          docker_image: string | null;
          id: string;
          name: string;
          version: string;
        };
        ComputedFields: never;
        Insert: {
          config?: NonNullable<Json>;
          created_at?: string;
          docker_image?: string | null;
          id?: string;
          name: string;
          version: string;
        };
        Update: {
          config?: NonNullable<Json>;
          created_at?: string;
          docker_image?: string | null;
          id?: string;
          name?: string;
          version?: string;
        };
        Relationships: [];
      };
      upgrade_advisories: {
        Row: {
          breaking_changes: NonNullable<Json>;
          created_at: string;
          from_version: string;
          id: string;
          migration_guides: NonNullable<Json>;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          to_version: string;
        };
        ComputedFields: never;
        Insert: {
          breaking_changes?: NonNullable<Json>;
          created_at?: string;
          from_version: string;
          id?: string;
          migration_guides?: NonNullable<Json>;
          severity?: Database["ops"]["Enums"]["advisory_severity"];
          to_version: string;
        };
        Update: {
          breaking_changes?: NonNullable<Json>;
          created_at?: string;
          from_version?: string;
          id?: string;
          migration_guides?: NonNullable<Json>;
          severity?: Database["ops"]["Enums"]["advisory_severity"];
          to_version?: string;
        };
        Relationships: [];
      };
      workers: {
        Row: {
          first_seen_at: string;
          id: string;
          kind: string;
          last_seen_at: string;
          metadata: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          first_seen_at?: string;
          id: string;
          kind: string;
          last_seen_at?: string;
          metadata?: NonNullable<Json>;
        };
        Update: {
          first_seen_at?: string;
          id?: string;
          kind?: string;
          last_seen_at?: string;
          metadata?: NonNullable<Json>;
        };
        Relationships: [];
      };
      workflows: {
        Row: {
          config: NonNullable<Json>;
          created_at: string;
          id: string;
          is_enabled: boolean;
          name: string;
          project_id: string;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        };
        ComputedFields: never;
        Insert: {
          config?: NonNullable<Json>;
          created_at?: string;
          id?: string;
          is_enabled?: boolean;
          name: string;
          project_id: string;
          workflow_type: Database["ops"]["Enums"]["workflow_type"];
        };
        Update: {
          config?: NonNullable<Json>;
          created_at?: string;
          id?: string;
          is_enabled?: boolean;
          name?: string;
          project_id?: string;
          workflow_type?: Database["ops"]["Enums"]["workflow_type"];
        };
        Relationships: [
          {
            foreignKeyName: "workflows_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "workflows_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
    };
    Views: {
      artifacts: {
        Row: {
          artifact_key: string;
          attempt: number;
          content_type: string;
          created_at: string;
          expires_at: string | null;
          id: string;
          project_id: string;
          run_id: string;
          s3_url: string;
          sha256: string;
          size_bytes: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_artifacts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      project_members: {
        Row: {
          created_at: string;
          permissions: string[];
          project_id: string;
          project_slug: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "project_memberships_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_backup_freshness: {
        Row: {
          environment_id: string;
          environment_name: string;
          held_backups: number | null;
          is_fresh: boolean | null;
          kept_backups: number | null;
          last_passed_drill_at: string | null;
          last_rto_seconds: number | null;
          max_age: string | null;
          newest_backup_id: string | null;
          newest_created_at: string | null;
          newest_error: string | null;
          newest_status: Database["ops"]["Enums"]["backup_status"] | null;
          project_id: string;
          project_slug: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          stored_bytes: number | null;
          verified_age: string | null;
          verified_backup_id: string | null;
          verified_taken_at: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_deployment_history: {
        Row: {
          backup_age: string | null;
          backup_id: string | null;
          created_at: string;
          decision_due_at: string | null;
          deployment_id: string;
          duration: string | null;
          environment_id: string | null;
          environment_name: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          git_shas: NonNullable<Json>;
          image_digest: string;
          incident_count: number | null;
          is_rollback: boolean | null;
          kept_by: string | null;
          no_backup_reason: string | null;
          project_id: string;
          project_slug: string;
          reason: string | null;
          release_id: string;
          replaced_release_id: string | null;
          replaced_version: string | null;
          requested_by: string;
          rollback_of: string | null;
          rollback_of_version: string | null;
          rolled_back_by: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "deployments_backup_id_project_id_fkey";
            columns: ["backup_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "backups";
            referencedColumns: ["id", "project_id"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "environments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_backup_freshness";
            referencedColumns: ["environment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_environment_id_project_id_stage_fkey";
            columns: ["environment_id", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_environment_overview";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deployments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: ["release_id", "project_id", "image_digest", "git_shas"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_release_id_project_id_image_digest_git_shas_fkey";
            columns: [
              "replaced_release_id",
              "project_id",
              "image_digest",
              "git_shas",
            ];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id", "project_id", "image_digest", "git_shas"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "deployments";
            referencedColumns: ["id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["deployment_id", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_rollback_of_project_id_stage_fkey";
            columns: ["rollback_of", "project_id", "stage"];
            isOneToOne: false;
            referencedRelation: "v_deployment_history";
            referencedColumns: ["rolled_back_by", "project_id", "stage"];
          },
          {
            foreignKeyName: "deployments_run_id_project_id_fkey";
            columns: ["run_id", "project_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id", "project_id"];
          },
        ];
      };
      v_environment_overview: {
        Row: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          latest_run_error: string | null;
          latest_run_number: number | null;
          latest_run_status: Database["ops"]["Enums"]["run_status"] | null;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          project_slug: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"] | null;
          url: string | null;
          working_run_id: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["working_run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_event_keys: {
        Row: {
          approver_id: string | null;
          created_at: string;
          created_by: string;
          event_types: string[];
          expires_at: string;
          key_id: string;
          last_used_at: string | null;
          name: string;
          persona: string;
          prefix: string;
          project_id: string | null;
          project_slug: string | null;
          revoked_at: string | null;
          revoked_by: string | null;
          rotated_from: string | null;
          status: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "event_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "event_keys_rotated_from_fkey";
            columns: ["rotated_from"];
            isOneToOne: false;
            referencedRelation: "v_event_keys";
            referencedColumns: ["key_id"];
          },
        ];
      };
      v_evidence_completeness: {
        Row: {
          checks: number | null;
          checks_without_evidence: string[] | null;
          evidence_count: number | null;
          gaps: string[] | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          is_complete: boolean | null;
          project_id: string;
          release_id: string;
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_exception_status: {
        Row: {
          created_at: string;
          exception_id: string;
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_at: string | null;
          granted_by: string | null;
          incident_id: string | null;
          incident_status: Database["ops"]["Enums"]["incident_status"] | null;
          is_break_glass: boolean;
          needs_review: boolean | null;
          project_id: string;
          project_slug: string;
          reason: string;
          release_id: string;
          requested_by: string;
          revoked_at: string | null;
          revoked_by: string | null;
          status: string | null;
          time_remaining: string | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "release_gates";
            referencedColumns: ["id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_evidence_completeness";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_gate_id_release_id_gate_code_fkey";
            columns: ["gate_id", "release_id", "gate_code"];
            isOneToOne: false;
            referencedRelation: "v_gate_status";
            referencedColumns: ["gate_id", "release_id", "gate_code"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "exceptions_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_gate_status: {
        Row: {
          deadline_at: string | null;
          evaluated_at: string | null;
          exception_id: string | null;
          exception_reason: string | null;
          expires_at: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          granted_by: string | null;
          is_break_glass: boolean | null;
          is_overdue: boolean | null;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"] | null;
          project_id: string;
          quorum: number;
          reason: string | null;
          release_id: string;
          required_checks: string[];
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
          window_seconds: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "releases";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_promotion_eligibility";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "release_gates_release_id_fkey";
            columns: ["release_id"];
            isOneToOne: false;
            referencedRelation: "v_release_gate_summary";
            referencedColumns: ["release_id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_people: {
        Row: {
          aliases: Json | null;
          created_at: string;
          created_by: string;
          name: string;
          person_id: string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      v_productions: {
        Row: {
          branch: string;
          created_at: string;
          environment_id: string;
          has_data: boolean | null;
          is_active: boolean | null;
          is_default_branch: boolean | null;
          name: string;
          newest_drill_id: string | null;
          newest_drill_passed: boolean | null;
          newest_drill_started_at: string | null;
          partition_key: string;
          project_id: string;
          project_slug: string;
          verified_backup_id: string | null;
          verified_taken_at: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "environments_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_promotion_eligibility: {
        Row: {
          created_at: string;
          eligible_for_production: boolean | null;
          eligible_for_staging: boolean | null;
          production_missing: string | null;
          project_id: string;
          project_slug: string;
          release_id: string;
          release_status: Database["ops"]["Enums"]["ops_release_status"];
          staging_missing: string | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_release_gate_summary: {
        Row: {
          approvals: number | null;
          approvers: string[] | null;
          checks_failed: number | null;
          checks_missing: string[] | null;
          checks_passed: number | null;
          checks_skipped: number | null;
          checks_total: number | null;
          created_at: string;
          created_by: string;
          deadline_at: string | null;
          evaluated_at: string | null;
          evidence_count: number | null;
          exception_expires_at: string | null;
          exception_id: string | null;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          gate_id: string;
          is_required: boolean;
          merit: Database["ops"]["Enums"]["ops_gate_status"] | null;
          project_id: string;
          project_slug: string;
          quorum: number;
          reason: string | null;
          rejections: number | null;
          release_id: string;
          release_status: Database["ops"]["Enums"]["ops_release_status"];
          status: Database["ops"]["Enums"]["ops_gate_status"] | null;
          version: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "projects";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "releases_project_id_fkey";
            columns: ["project_id"];
            isOneToOne: false;
            referencedRelation: "v_upgrade_advisories";
            referencedColumns: ["project_id"];
          },
        ];
      };
      v_run_details: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          config: NonNullable<Json>;
          created_at: string;
          dagster_run_id: string | null;
          environment_id: string | null;
          error_message: string | null;
          exit_code: number | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          partition_key: string | null;
          priority: number;
          project_id: string;
          project_slug: string;
          requested_by: string | null;
          retry_of: string | null;
          run_number: number;
          started_at: string | null;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_run_lineage: {
        Row: {
          asset_key: string;
          attempt: number;
          code_version: string | null;
          created_at: string;
          dagster_run_id: string | null;
          data_version: string | null;
          git_ref: string | null;
          git_sha: string | null;
          inputs: NonNullable<Json>;
          partition_key: string | null;
          project_slug: string;
          run_id: string;
          run_number: number;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_lineage_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_run_queue: {
        Row: {
          age: string | null;
          attempt: number;
          git_sha: string | null;
          kind: Database["ops"]["Enums"]["run_kind"];
          partition_key: string | null;
          position: number | null;
          priority: number;
          project_slug: string;
          run_id: string;
          run_number: number;
          usual_duration: string | null;
          waits_for: string | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["run_id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_runs: {
        Row: {
          attempt: number;
          cancel_requested_at: string | null;
          claimed_at: string | null;
          claimed_by: string | null;
          config: NonNullable<Json>;
          created_at: string;
          dagster_run_id: string | null;
          duration: string | null;
          environment_id: string | null;
          error_message: string | null;
          exit_code: number | null;
          finished_at: string | null;
          git_ref: string | null;
          git_sha: string | null;
          id: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          lease_expires_at: string | null;
          max_attempts: number;
          not_before: string | null;
          partition_key: string | null;
          priority: number;
          project_id: string;
          project_slug: string;
          requested_by: string | null;
          retry_of: string | null;
          run_number: number;
          started_at: string | null;
          starts: number;
          status: Database["ops"]["Enums"]["run_status"];
          trigger: string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "run_requests_retry_of_fkey";
            columns: ["retry_of"];
            isOneToOne: false;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_startable_runs: {
        Row: {
          created_at: string;
          id: string;
          priority: number;
          turn: number;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string | null;
          id?: string | null;
          priority?: number | null;
          turn?: number | null;
        };
        Update: {
          created_at?: string | null;
          id?: string | null;
          priority?: number | null;
          turn?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "runs_id_fkey";
            columns: ["id"];
            isOneToOne: true;
            referencedRelation: "run_requests";
            referencedColumns: ["run_id"];
          },
        ];
      };
      v_upgrade_advisories: {
        Row: {
          advisory_id: string;
          breaking_change_count: number | null;
          breaking_changes: NonNullable<Json>;
          created_at: string;
          migration_guides: NonNullable<Json>;
          odoo_version: string;
          project_id: string;
          project_slug: string;
          severity: Database["ops"]["Enums"]["advisory_severity"];
          to_version: string;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      active_counts: {
        Args: Record<PropertyKey, never>;
        Returns: {
          active: number;
        }[];
      };
      add_person_alias: {
        Args: {
          alias: string;
          kind: Database["ops"]["Enums"]["alias_kind"];
          p_created_by?: string;
          person_id: string;
        };
        Returns: undefined;
      };
      add_run_artifact: {
        Args: {
          p_artifact_key: string;
          p_attempt?: number;
          p_content_type?: string;
          p_expires_at?: string;
          p_run_id: string;
          p_s3_url: string;
          p_sha256: string;
          p_size_bytes?: number;
        };
        Returns: string;
      };
      adopt_environment: {
        Args: { p_branch: string; p_project_id: string };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      advance_control_plane: {
        Args: { p_rounds?: number };
        Returns: {
          created_at: string;
          id: string;
          is_older: boolean;
          rounds: number;
        }[];
      };
      announce_deployment: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: Json;
      };
      append_event: {
        Args: {
          level: string;
          message: string;
          p_attempt?: number;
          payload?: Json;
          run_id: string;
        };
        Returns: undefined;
      };
      append_run_log: {
        Args: {
          p_attempt?: number;
          p_level: Database["ops"]["Enums"]["log_level"];
          p_message: string;
          p_metadata?: Json;
          p_run_id: string;
        };
        Returns: number;
      };
      append_run_logs: {
        Args: { p_attempt: number; p_lines: Json; p_run_id: string };
        Returns: number;
      };
      apply_pushes: {
        Args: { p_limit?: number };
        Returns: {
          delivery_id: string;
          outcome: string;
        }[];
      };
      apply_retention: {
        Args: {
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_trigger?: string;
          project_id: string;
        };
        Returns: string;
      };
      archive_project: {
        Args: { p_slug: string };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      artifact_expiry_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      audit_anchor_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      audit_entries: {
        Args: { p_since: string; p_until: string };
        Returns: {
          chain: string;
          entry: string;
          recorded_at: string;
          sha256: string;
        }[];
      };
      audit_limits: {
        Args: Record<PropertyKey, never>;
        Returns: {
          began_at: string;
          deliveries_since: string;
          events_since: string;
          taken_at: string;
        }[];
      };
      audit_trail: {
        Args: { p_project_id?: string };
        Returns: {
          entry: Json;
          kind: string;
          recorded_at: string;
        }[];
      };
      await_decision: {
        Args: { p_attempt: number; p_deployment_id: string; p_run_id: string };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      branch_stage: {
        Args: {
          p_branch: string;
          p_default_branch: string;
          p_staging_branches?: Json;
        };
        Returns: Database["ops"]["Enums"]["environment_stage"];
      };
      break_glass: {
        Args: {
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_broken_by?: string;
          reason: string;
          release_id: string;
        };
        Returns: string;
      };
      caller_claims: { Args: Record<PropertyKey, never>; Returns: Json };
      caller_id: { Args: Record<PropertyKey, never>; Returns: string };
      caller_jobs: { Args: Record<PropertyKey, never>; Returns: string[] };
      caller_name: { Args: Record<PropertyKey, never>; Returns: string };
      caller_personas: { Args: Record<PropertyKey, never>; Returns: string[] };
      caller_role: { Args: Record<PropertyKey, never>; Returns: string };
      cancel_run: {
        Args: { p_reason?: string; p_requested_by?: string; p_run_id: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      claim_and_start_runs: {
        Args: {
          p_lease_seconds?: number;
          p_limit?: number;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_next_run: {
        Args: { p_lease_seconds?: number; p_worker_id: string };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      claim_runs: {
        Args: {
          p_lease_seconds?: number;
          p_limit: number;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      clear_alarm: {
        Args: { p_key: string; p_resolution: string };
        Returns: boolean;
      };
      close_deployments: { Args: { p_project_id?: string }; Returns: number };
      compare_backup: {
        Args: {
          backup_id: string;
          env: string;
          p_requested_by?: string;
          p_trigger?: string;
          tables: string[];
        };
        Returns: string;
      };
      complete_workflow_run: {
        Args: {
          p_attempt?: number;
          p_canceled?: boolean;
          p_error_message?: string;
          p_exit_code: number;
          p_run_id: string;
          p_worker_id?: string;
        };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      create_backup: {
        Args: {
          env: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_label?: string;
          p_priority?: number;
          p_requested_by?: string;
          p_trigger?: string;
          project_id: string;
        };
        Returns: string;
      };
      create_event_key: {
        Args: {
          event_types: string[];
          expires_at: string;
          name: string;
          p_approver_id?: string;
          p_created_by?: string;
          p_project_id?: string;
          persona: string;
        };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      create_person: {
        Args: { name: string; p_created_by?: string };
        Returns: string;
      };
      create_project: {
        Args: {
          p_config?: Json;
          p_default_branch?: string;
          p_odoo_version: string;
          p_poll_enabled?: boolean;
          p_repo_url: string;
          p_slug: string;
          p_workspace_key?: string;
        };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      create_release: {
        Args: {
          git_shas: Json;
          image_digest: string;
          p_created_by?: string;
          p_notes?: string;
          p_run_id?: string;
          project_id: string;
          version: string;
        };
        Returns: string;
      };
      decide_orphan: {
        Args: {
          p_decided_by?: string;
          p_decision: Database["ops"]["Enums"]["orphan_decision"];
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
        };
        Returns: undefined;
      };
      drop_backup: {
        Args: { backup_id: string; reason: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      drop_expired_backup: {
        Args: {
          backup_id: string;
          p_attempt: number;
          p_run_id: string;
          p_time_zone: string;
          reason: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      end_dagster_run: {
        Args: {
          p_dagster_run_id: string;
          p_error_message?: string;
          p_status: Database["ops"]["Enums"]["run_status"];
        };
        Returns: boolean;
      };
      end_forgotten_transactions: {
        Args: { p_older_than?: string };
        Returns: {
          began_at: string;
          login: unknown;
        }[];
      };
      end_orphan_decision: {
        Args: {
          p_decided_at: string;
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
          p_refusal?: string;
        };
        Returns: undefined;
      };
      enroll_run: {
        Args: {
          p_config?: Json;
          p_dagster_run_id: string;
          p_kind: Database["ops"]["Enums"]["run_kind"];
          p_lease_seconds?: number;
          p_partition_key: string;
          p_requested_by?: string;
          p_worker_id?: string;
        };
        Returns: {
          attempt: number;
          run_id: string;
        }[];
      };
      ensure_environment: {
        Args: {
          p_branch: string;
          p_project_id: string;
          p_stage?: Database["ops"]["Enums"]["environment_stage"];
        };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      ensure_partitions: {
        Args: { p_months_ahead?: number };
        Returns: string[];
      };
      environments_to_expire: {
        Args: { p_now: string };
        Returns: {
          branch: string;
          created_at: string;
          database_name: string | null;
          deployed_run_id: string | null;
          deployed_sha: string | null;
          destroyed_at: string | null;
          expires_at: string | null;
          generation: number;
          host_label: string;
          id: string;
          image_digest: string | null;
          is_adopted: boolean;
          name: string;
          partition_key: string;
          port: number | null;
          project_id: string;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["environment_status"];
          url: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "environments";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      evaluate_gate: { Args: { gate_id: string }; Returns: string };
      expire_environments: { Args: { p_now?: string }; Returns: string[] };
      expire_rows: {
        Args: { p_limit?: number; p_parts?: string[] };
        Returns: Database["ops"]["CompositeTypes"]["expiry"][];
        SetofOptions: {
          from: "*";
          to: "expiry";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      explain_promotion: {
        Args: { release_id: string; target_env: string };
        Returns: {
          detail: string;
          is_met: boolean;
          requirement: string;
        }[];
      };
      explain_rollback: {
        Args: { deployment_id: string };
        Returns: {
          detail: string;
          is_possible: boolean;
          lost_minutes: number;
          version: string;
          way: string;
        }[];
      };
      finish_run: {
        Args: { run_id: string; status: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      forget_template: { Args: { p_database_name: string }; Returns: boolean };
      freeze_reason: {
        Args: { p_at: string; p_windows: Json };
        Returns: string;
      };
      get_run: {
        Args: { p_run_id: string };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      grant_exception: {
        Args: { exception_id: string; p_granted_by?: string };
        Returns: undefined;
      };
      has_permission: {
        Args: { p_permission: string; p_project_id: string };
        Returns: boolean;
      };
      hash_event: {
        Args: {
          p_attempt: number;
          p_created_at: string;
          p_event_type: Database["ops"]["Enums"]["event_type"];
          p_message: string;
          p_payload: Json;
          p_prev_hash: string;
          p_run_id: string;
          p_seq: number;
        };
        Returns: string;
      };
      heartbeat_run: {
        Args: {
          p_attempt?: number;
          p_lease_seconds?: number;
          p_run_id: string;
          p_worker_id: string;
        };
        Returns: boolean;
      };
      hold_backup: {
        Args: { backup_id: string; reason: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      ingest_event: { Args: { envelope: Json }; Returns: Json };
      is_eligible_for_promotion: {
        Args: { release_id: string; target_env: string };
        Returns: boolean;
      };
      is_platform: { Args: Record<PropertyKey, never>; Returns: boolean };
      janitor_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      keep_deployment: {
        Args: { deployment_id: string; p_kept_by?: string; reason: string };
        Returns: undefined;
      };
      known_runs: { Args: { p_run_ids: string[] }; Returns: string[] };
      list_logged_runs: {
        Args: { p_environment_id: string; p_limit?: number; p_since: string };
        Returns: {
          created_at: string;
          finished_at: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          run_id: string;
          run_number: number;
        }[];
      };
      list_partitions: {
        Args: { p_table: string };
        Returns: {
          held_from: string;
          held_until: string;
          partition_name: string;
        }[];
      };
      list_queued_runs: {
        Args: Record<PropertyKey, never>;
        Returns: {
          age: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          partition_key: string;
          position: number;
          priority: number;
          project_slug: string;
          run_id: string;
          run_number: number;
          usual_duration: string;
          waits_for: string;
        }[];
      };
      log_retention_is_due: {
        Args: { p_last_at: string; p_now: string };
        Returns: boolean;
      };
      matches_pattern: {
        Args: { p_patterns: Json; p_text: string };
        Returns: boolean;
      };
      minute_of_week: { Args: { p_time: string }; Returns: number };
      normalise_repo_url: { Args: { p_url: string }; Returns: string };
      open_incident: {
        Args: {
          p_deployment_id?: string;
          p_description?: string;
          p_opened_by?: string;
          p_severity?: Database["ops"]["Enums"]["incident_severity"];
          project_id: string;
          title: string;
        };
        Returns: string;
      };
      partition_key: {
        Args: { p_branch: string; p_generation: number; p_slug: string };
        Returns: string;
      };
      peek_runs: {
        Args: { p_limit: number };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      person_of: { Args: { p_name: string }; Returns: string };
      policy: {
        Args: {
          project_id: string;
          type: Database["ops"]["Enums"]["policy_type"];
        };
        Returns: Json;
      };
      policy_defaults: {
        Args: { p_type: Database["ops"]["Enums"]["policy_type"] };
        Returns: Json;
      };
      policy_rules: {
        Args: Record<PropertyKey, never>;
        Returns: {
          default_value: Json;
          kind: string;
          maximum: number;
          meaning: string;
          minimum: number;
          policy_type: Database["ops"]["Enums"]["policy_type"];
          rule: string;
        }[];
      };
      project_of_webhook: { Args: { p_slug: string }; Returns: string };
      projects_to_poll: {
        Args: { p_now?: string; p_older_than_seconds: number };
        Returns: {
          archived_at: string | null;
          config: NonNullable<Json>;
          created_at: string;
          default_branch: string;
          heads_asked_at: string | null;
          id: string;
          last_polled_at: string | null;
          notified_at: string | null;
          odoo_version: string;
          own_webhook_at: string | null;
          poll_enabled: boolean;
          poll_error: string | null;
          poll_failed_at: string | null;
          repo_url: string;
          slug: string;
          status: Database["ops"]["Enums"]["project_status"];
          workspace_key: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "projects";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      promote_due_builds: {
        Args: Record<PropertyKey, never>;
        Returns: string[];
      };
      promote_release: {
        Args: {
          p_no_backup_reason?: string;
          p_reason?: string;
          p_requested_by?: string;
          release_id: string;
          target_env: string;
        };
        Returns: string;
      };
      propose_release: {
        Args: {
          p_attempt: number;
          p_author?: string;
          p_image_digest: string;
          p_lock_digest?: string;
          p_run_id: string;
          p_submodules?: Json;
        };
        Returns: {
          created_at: string;
          created_by: string;
          git_ref: string | null;
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          lock_digest: string | null;
          notes: string | null;
          project_id: string;
          run_id: string | null;
          status: Database["ops"]["Enums"]["ops_release_status"];
          version: string;
          withdrawn_at: string | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "releases";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      queue_due_drills: {
        Args: { p_from_hour?: number; p_now: string; p_time_zone: string };
        Returns: {
          backup_id: string;
          partition_key: string;
          refusal: string;
        }[];
      };
      queue_due_retention: { Args: { p_now?: string }; Returns: string[] };
      queue_nightly_backups: {
        Args: { p_hour: number; p_now: string; p_time_zone: string };
        Returns: {
          backup_id: string;
          partition_key: string;
          refusal: string;
        }[];
      };
      queue_run: {
        Args: {
          env: string;
          git_sha: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_kind?: Database["ops"]["Enums"]["run_kind"];
          p_max_attempts?: number;
          p_priority?: number;
          p_requested_by?: string;
          p_retry_of?: string;
          p_trigger?: string;
          project_id: string;
          ref: string;
        };
        Returns: string;
      };
      raise_alarm: {
        Args: {
          p_description?: string;
          p_key: string;
          p_project_id?: string;
          p_severity?: Database["ops"]["Enums"]["incident_severity"];
          p_title: string;
        };
        Returns: string;
      };
      read_run_logs: {
        Args: { p_after_id?: number; p_limit?: number; p_run_id: string };
        Returns: {
          attempt: number;
          id: number;
          level: Database["ops"]["Enums"]["log_level"];
          logged_at: string;
          message: string;
          metadata: NonNullable<Json>;
          run_id: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "run_logs";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      receive_event: {
        Args: {
          body: string;
          p_key_prefix?: string;
          p_key_sha256?: string;
          p_size_bytes?: number;
        };
        Returns: Json;
      };
      receive_push: {
        Args: {
          p_body_sha256?: string;
          p_delivery_id: string;
          p_event: string;
          p_forced?: boolean;
          p_payload?: Json;
          p_previous_sha?: string;
          p_project_id?: string;
          p_pusher?: string;
          p_ref: string;
          p_repo_url: string;
          p_sha: string;
        };
        Returns: {
          delivery: number;
          outcome: string;
        }[];
      };
      record_backup_failed: {
        Args: { p_attempt: number; p_error_message: string; p_run_id: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_recheck: {
        Args: {
          p_backup_id: string;
          p_error_message?: string;
          p_manifest_sha256: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_start: {
        Args: {
          p_attempt: number;
          p_environment_id?: string;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_stored: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_format_version: number;
          p_git_sha?: string;
          p_image_digest?: string;
          p_manifest_sha256: string;
          p_manifest_url: string;
          p_metadata?: Json;
          p_object_count: number;
          p_odoo_version: string;
          p_run_id: string;
          p_size_bytes: number;
          p_stored_bytes: number;
          p_taken_at: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_backup_verified: {
        Args: {
          p_attempt: number;
          p_manifest_sha256: string;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_branch_heads: {
        Args: {
          p_asked_at?: string;
          p_empty_branch?: string;
          p_heads: Json;
          p_project_id: string;
        };
        Returns: string[];
      };
      record_check: {
        Args: {
          p_attempt: number;
          p_blocking: boolean;
          p_metadata?: Json;
          p_name: string;
          p_passed: boolean;
          p_run_id: string;
          p_summary: string;
        };
        Returns: undefined;
      };
      record_deployment: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_expires_at?: string;
          p_git_sha: string;
          p_image_digest: string;
          p_port: number;
          p_run_id: string;
          p_url: string;
        };
        Returns: string;
      };
      record_deployment_status: {
        Args: {
          deployment_id: string;
          status: Database["ops"]["Enums"]["deployment_status"];
        };
        Returns: undefined;
      };
      record_destruction: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: undefined;
      };
      record_drill_end: {
        Args: {
          p_attempt: number;
          p_evidence_id?: string;
          p_passed: boolean;
          p_report?: Json;
          p_rpo_seconds?: number;
          p_rto_seconds?: number;
          p_run_id: string;
          p_summary: string;
        };
        Returns: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "recovery_drills";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_drill_start: {
        Args: { p_attempt: number; p_run_id: string };
        Returns: {
          backup_id: string;
          evidence_id: string | null;
          finished_at: string | null;
          id: string;
          passed: boolean | null;
          project_id: string;
          report: NonNullable<Json>;
          restore_id: string | null;
          rpo_seconds: number | null;
          rto_seconds: number | null;
          run_id: string | null;
          started_at: string;
          summary: string;
        };
        SetofOptions: {
          from: "*";
          to: "recovery_drills";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_evidence: {
        Args: {
          kind: string;
          p_check_id?: string;
          p_content_type?: string;
          p_gate_id?: string;
          p_release_id?: string;
          p_run_id?: string;
          p_size_bytes?: number;
          s3_url: string;
          sha256: string;
        };
        Returns: string;
      };
      record_gate_check: {
        Args: {
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          name: string;
          p_deployment_id?: string;
          p_metadata?: Json;
          p_occurred_at?: string;
          p_run_id?: string;
          p_source?: string;
          p_summary?: string;
          release_id: string;
          status: Database["ops"]["Enums"]["check_status"];
        };
        Returns: string;
      };
      record_lineage: {
        Args: {
          p_asset_key: string;
          p_attempt: number;
          p_code_version: string;
          p_data_version: string;
          p_inputs?: Json;
          p_partition_key: string;
          p_run_id: string;
        };
        Returns: undefined;
      };
      record_orphan_decision: {
        Args: {
          p_decided_by?: string;
          p_decision: Database["ops"]["Enums"]["orphan_decision"];
          p_kind: Database["ops"]["Enums"]["orphan_kind"];
          p_name: string;
          p_reason: string;
        };
        Returns: number;
      };
      record_poll_failure: {
        Args: { p_error: string; p_project_id: string };
        Returns: undefined;
      };
      record_promotion: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_git_sha: string;
          p_image_digest: string;
          p_keep_previous_until?: string;
          p_port: number;
          p_run_id: string;
          p_url: string;
        };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_promotion_failure: {
        Args: { p_attempt: number; p_reason: string; p_run_id: string };
        Returns: string;
      };
      record_repository_rules: {
        Args: { p_attempt: number; p_rules: Json; p_run_id: string };
        Returns: boolean;
      };
      record_restore_end: {
        Args: {
          p_attempt: number;
          p_database_name?: string;
          p_error_message?: string;
          p_keep_previous_until?: string;
          p_previous_database_name?: string;
          p_report?: Json;
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_restore_start: {
        Args: {
          p_attempt: number;
          p_backup_id?: string;
          p_purpose?: Database["ops"]["Enums"]["restore_purpose"];
          p_run_id: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_restore_swap: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_expires_at?: string;
          p_git_sha: string;
          p_image_digest: string;
          p_keep_previous_until?: string;
          p_port: number;
          p_report?: Json;
          p_run_id: string;
          p_url: string;
        };
        Returns: {
          attempt: number | null;
          backup_id: string;
          created_at: string;
          database_name: string | null;
          environment_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          keep_previous_until: string | null;
          masking_profile: string | null;
          previous_database_name: string | null;
          project_id: string;
          purpose: Database["ops"]["Enums"]["restore_purpose"];
          report: NonNullable<Json>;
          requested_by: string | null;
          run_id: string | null;
          started_at: string | null;
          status: Database["ops"]["Enums"]["restore_status"];
        };
        SetofOptions: {
          from: "*";
          to: "restores";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      record_retention: {
        Args: {
          p_attempt: number;
          p_planned_at: string;
          p_run_id: string;
          p_swept_at?: string;
        };
        Returns: undefined;
      };
      record_webhook_secret: {
        Args: { p_project_id: string };
        Returns: string;
      };
      release_backup_hold: {
        Args: { backup_id: string };
        Returns: {
          attempt: number | null;
          created_at: string;
          database_name: string | null;
          drop_reason: string | null;
          dropped_at: string | null;
          environment_id: string;
          error_message: string | null;
          format_version: number | null;
          git_sha: string | null;
          held_at: string | null;
          held_by: string | null;
          hold_reason: string | null;
          id: string;
          image_digest: string | null;
          label: string | null;
          manifest_sha256: string | null;
          manifest_url: string | null;
          metadata: NonNullable<Json>;
          object_count: number | null;
          odoo_version: string | null;
          project_id: string;
          requested_by: string | null;
          run_id: string | null;
          size_bytes: number | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          status: Database["ops"]["Enums"]["backup_status"];
          stored_at: string | null;
          stored_bytes: number | null;
          taken_at: string | null;
          verified_at: string | null;
        };
        SetofOptions: {
          from: "*";
          to: "backups";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      release_build: {
        Args: {
          p_requested_by?: string;
          p_run_id?: string;
          p_version?: string;
          project_id: string;
        };
        Returns: string;
      };
      remember_template: {
        Args: {
          p_attempt: number;
          p_database_name: string;
          p_key: string;
          p_modules: string[];
          p_run_id: string;
          p_series: string;
          p_tests?: Json;
        };
        Returns: undefined;
      };
      remove_condemned_artifacts: {
        Args: { p_s3_urls: string[] };
        Returns: number;
      };
      remove_member: {
        Args: { p_project_id: string; p_user_id: string };
        Returns: boolean;
      };
      remove_person_alias: { Args: { alias: string }; Returns: boolean };
      renew_claim: {
        Args: {
          p_attempt: number;
          p_dagster_run_id?: string;
          p_lease_seconds?: number;
          p_run_id: string;
        };
        Returns: undefined;
      };
      replace_orphans: {
        Args: { p_now?: string; p_orphans: Json };
        Returns: undefined;
      };
      request_exception: {
        Args: {
          expires_at: string;
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_requested_by?: string;
          reason: string;
          release_id: string;
        };
        Returns: string;
      };
      requeue_expired_runs: {
        Args: { p_spare?: string[] };
        Returns: {
          outcome: Database["ops"]["Enums"]["run_status"];
          run_id: string;
        }[];
      };
      requeue_run: {
        Args: { p_attempt: number; p_reason: string; p_run_id: string };
        Returns: Database["ops"]["Enums"]["run_status"];
      };
      require_deployable: {
        Args: { p_attempt: number; p_database_name: string; p_run_id: string };
        Returns: undefined;
      };
      require_unused_database: {
        Args: {
          p_attempt?: number;
          p_database_name: string;
          p_run_id?: string;
        };
        Returns: undefined;
      };
      resolve_incident: {
        Args: {
          incident_id: string;
          p_resolved_by?: string;
          resolution: string;
        };
        Returns: undefined;
      };
      restore_backup: {
        Args: {
          backup_id: string;
          p_config?: Json;
          p_idempotency_key?: string;
          p_masking_profile?: string;
          p_priority?: number;
          p_purpose?: Database["ops"]["Enums"]["restore_purpose"];
          p_requested_by?: string;
          p_trigger?: string;
          target_env: string;
        };
        Returns: string;
      };
      retry_run: {
        Args: { p_requested_by?: string; p_run_id: string };
        Returns: string;
      };
      revoke_event_key: {
        Args: { p_revoked_by?: string; prefix: string };
        Returns: boolean;
      };
      revoke_exception: {
        Args: { exception_id: string; p_revoked_by?: string };
        Returns: undefined;
      };
      right_now: { Args: Record<PropertyKey, never>; Returns: string };
      roll_back_undecided: {
        Args: Record<PropertyKey, never>;
        Returns: string[];
      };
      rollback_deployment: {
        Args: {
          deployment_id: string;
          p_requested_by?: string;
          p_with_data?: boolean;
          reason: string;
        };
        Returns: string;
      };
      rotate_event_key: {
        Args: {
          expires_at: string;
          p_created_by?: string;
          p_overlap?: string;
          prefix: string;
        };
        Returns: {
          key: string;
          key_id: string;
        }[];
      };
      run_config_fields: {
        Args: Record<PropertyKey, never>;
        Returns: {
          field: string;
          json_type: string;
          kind: Database["ops"]["Enums"]["run_kind"];
          permissions: string[];
        }[];
      };
      run_kinds: {
        Args: Record<PropertyKey, never>;
        Returns: {
          effect: string;
          is_carried_out: boolean;
          kind: Database["ops"]["Enums"]["run_kind"];
          stages: Database["ops"]["Enums"]["environment_stage"][];
        }[];
      };
      runs_ending_with: {
        Args: { p_ends: string[] };
        Returns: {
          ending: string;
          id: string;
        }[];
      };
      seal_content: {
        Args: { p_content: Json; p_prev_hash: string };
        Returns: string;
      };
      set_environment_status: {
        Args: {
          p_environment_id: string;
          p_status: Database["ops"]["Enums"]["environment_status"];
        };
        Returns: undefined;
      };
      set_environment_url: {
        Args: { p_environment_id: string; p_url: string };
        Returns: undefined;
      };
      set_member: {
        Args: {
          p_project_id: string;
          p_role: Database["ops"]["Enums"]["membership_role"];
          p_user_id: string;
        };
        Returns: {
          created_at: string;
          project_id: string;
          role: Database["ops"]["Enums"]["membership_role"];
          user_id: string;
        }[];
        SetofOptions: {
          from: "*";
          to: "project_memberships";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      set_policy: {
        Args: {
          project_id: string;
          rules: Json;
          type: Database["ops"]["Enums"]["policy_type"];
        };
        Returns: Json;
      };
      set_project_setting: {
        Args: {
          p_changed_by?: string;
          p_key: string;
          p_slug: string;
          p_value?: Json;
        };
        Returns: Json;
      };
      settle_gates: { Args: Record<PropertyKey, never>; Returns: number };
      shown_digest: {
        Args: { p_at?: string; release_id: string };
        Returns: string;
      };
      sign_off_gate: {
        Args: {
          decision: Database["ops"]["Enums"]["ops_decision_type"];
          gate_code: Database["ops"]["Enums"]["ops_gate_code"];
          p_approver_id?: string;
          p_rationale?: Json;
          p_shown?: string;
          p_source?: string;
          release_id: string;
        };
        Returns: string;
      };
      start_promotion: {
        Args: { p_attempt: number; p_backup_id?: string; p_run_id: string };
        Returns: {
          backup_id: string | null;
          created_at: string;
          database_name: string | null;
          decision_due_at: string | null;
          environment_id: string | null;
          finished_at: string | null;
          g4_deadline_at: string | null;
          g4_status: Database["ops"]["Enums"]["ops_gate_status"];
          git_shas: NonNullable<Json>;
          id: string;
          image_digest: string;
          keep_previous_until: string | null;
          kept_at: string | null;
          kept_by: string | null;
          kept_reason: string | null;
          no_backup_reason: string | null;
          previous_database_name: string | null;
          project_id: string;
          reason: string | null;
          release_id: string;
          requested_by: string;
          rollback_of: string | null;
          run_id: string | null;
          stage: Database["ops"]["Enums"]["environment_stage"];
          started_at: string | null;
          status: Database["ops"]["Enums"]["deployment_status"];
          told_at: string | null;
          with_data: boolean;
        };
        SetofOptions: {
          from: "*";
          to: "deployments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      start_workflow_run: {
        Args: {
          p_attempt?: number;
          p_dagster_run_id?: string;
          p_lease_seconds?: number;
          p_run_id: string;
          p_worker_id: string;
        };
        Returns: Database["ops"]["CompositeTypes"]["run_details"][];
        SetofOptions: {
          from: "*";
          to: "run_details";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      tell_health: {
        Args: {
          p_attempt: number;
          p_moment: string;
          p_passed: boolean;
          p_release_id: string;
          p_run_id: string;
          p_summary: string;
        };
        Returns: Json;
      };
      touch_template: {
        Args: { p_key: string };
        Returns: {
          built_by_run: string | null;
          created_at: string;
          database_name: string;
          key: string;
          last_used_at: string;
          modules: string[];
          series: string;
          tests: NonNullable<Json>;
        }[];
        SetofOptions: {
          from: "*";
          to: "database_templates";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      usual_duration: {
        Args: {
          p_kind: Database["ops"]["Enums"]["run_kind"];
          p_project_id: string;
        };
        Returns: string;
      };
      verify_backup: {
        Args: {
          backup_id: string;
          p_idempotency_key?: string;
          p_requested_by?: string;
          p_trigger?: string;
        };
        Returns: string;
      };
      verify_chains: {
        Args: { p_anchor?: string; p_project_id?: string };
        Returns: {
          broken: string[];
          chain: string;
          links: number;
        }[];
      };
      verify_checkpoints: { Args: { p_anchor?: string }; Returns: boolean };
      verify_run_chain: { Args: { p_run_id: string }; Returns: boolean };
      visible_projects: { Args: Record<PropertyKey, never>; Returns: string[] };
      watch_backup_freshness: { Args: { p_now: string }; Returns: string[] };
      withdraw_release: { Args: { release_id: string }; Returns: undefined };
      worker_heartbeat: {
        Args: { p_kind: string; p_metadata?: Json; p_worker_id: string };
        Returns: undefined;
      };
      worker_to_wait_for: { Args: Record<PropertyKey, never>; Returns: string };
    };
    Enums: {
      advisory_severity: "info" | "warning" | "critical";
      alias_kind: "email" | "subject" | "login" | "forge";
      backup_status:
        "pending" | "running" | "stored" | "verified" | "failed" | "dropped";
      check_status: "passed" | "failed" | "skipped";
      deployment_status: "pending" | "running" | "succeeded" | "failed";
      environment_stage: "development" | "staging" | "production";
      environment_status:
        | "pending"
        | "building"
        | "running"
        | "stopped"
        | "failed"
        | "destroyed"
        | "adopted";
      event_type: "state_change" | "error" | "warning" | "info";
      incident_severity: "minor" | "major" | "critical";
      incident_status: "open" | "resolved";
      log_level: "debug" | "info" | "warn" | "error";
      membership_role: "viewer" | "developer" | "admin" | "owner";
      ops_decision_type: "approved" | "rejected";
      ops_gate_code: "G1" | "G2" | "G3" | "G4";
      ops_gate_status:
        "pending" | "passed" | "failed" | "bypassed" | "inconclusive";
      ops_processing_status: "accepted" | "duplicate" | "rejected";
      ops_release_status:
        "candidate" | "staging" | "released" | "rolled_back" | "withdrawn";
      orphan_decision: "adopted" | "dropped";
      orphan_kind: "database" | "role" | "service" | "folder";
      policy_type:
        "gates" | "promotion" | "ttl" | "backup" | "retention" | "clone";
      project_status: "active" | "archived";
      restore_purpose: "restore" | "clone" | "drill";
      restore_status: "pending" | "running" | "succeeded" | "failed";
      run_kind:
        | "build"
        | "test"
        | "deploy"
        | "backup"
        | "restore"
        | "clone"
        | "upgrade"
        | "drill"
        | "promote"
        | "destroy"
        | "verify"
        | "retention"
        | "compare";
      run_status:
        "queued" | "claimed" | "running" | "succeeded" | "failed" | "canceled";
      workflow_type: "build" | "test" | "deploy" | "backup" | "upgrade";
    };
    CompositeTypes: {
      expiry: {
        table_name: string | null;
        action: string | null;
        month: string | null;
        project_id: string | null;
        row_count: number | null;
        s3_urls: string[] | null;
        detail: string | null;
      };
      run_details: {
        id: string | null;
        project_id: string | null;
        project_slug: string | null;
        environment_id: string | null;
        partition_key: string | null;
        run_number: number | null;
        kind: Database["ops"]["Enums"]["run_kind"] | null;
        status: Database["ops"]["Enums"]["run_status"] | null;
        trigger: string | null;
        requested_by: string | null;
        git_ref: string | null;
        git_sha: string | null;
        priority: number | null;
        attempt: number | null;
        max_attempts: number | null;
        claimed_by: string | null;
        dagster_run_id: string | null;
        config: Json | null;
        exit_code: number | null;
        error_message: string | null;
        retry_of: string | null;
        created_at: string | null;
        claimed_at: string | null;
        started_at: string | null;
        finished_at: string | null;
        cancel_requested_at: string | null;
        lease_expires_at: string | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "ops">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R;
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] &
        DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] &
        DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R;
      }
      ? R
      : never
    : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I;
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I;
      }
      ? I
      : never
    : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    keyof DefaultSchema["Tables"] | { schema: keyof DatabaseWithoutInternals },
  TableName extends (DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never) = never,
> = DefaultSchemaTableNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U;
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U;
      }
      ? U
      : never
    : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    keyof DefaultSchema["Enums"] | { schema: keyof DatabaseWithoutInternals },
  EnumName extends (DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never) = never,
> = DefaultSchemaEnumNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
    : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends (PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never) = never,
> = PublicCompositeTypeNameOrOptions extends {
  schema: keyof DatabaseWithoutInternals;
}
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
    : never;

export const Constants = {
  ops: {
    Enums: {
      advisory_severity: ["info", "warning", "critical"],
      alias_kind: ["email", "subject", "login", "forge"],
      backup_status: [
        "pending",
        "running",
        "stored",
        "verified",
        "failed",
        "dropped",
      ],
      check_status: ["passed", "failed", "skipped"],
      deployment_status: ["pending", "running", "succeeded", "failed"],
      environment_stage: ["development", "staging", "production"],
      environment_status: [
        "pending",
        "building",
        "running",
        "stopped",
        "failed",
        "destroyed",
        "adopted",
      ],
      event_type: ["state_change", "error", "warning", "info"],
      incident_severity: ["minor", "major", "critical"],
      incident_status: ["open", "resolved"],
      log_level: ["debug", "info", "warn", "error"],
      membership_role: ["viewer", "developer", "admin", "owner"],
      ops_decision_type: ["approved", "rejected"],
      ops_gate_code: ["G1", "G2", "G3", "G4"],
      ops_gate_status: [
        "pending",
        "passed",
        "failed",
        "bypassed",
        "inconclusive",
      ],
      ops_processing_status: ["accepted", "duplicate", "rejected"],
      ops_release_status: [
        "candidate",
        "staging",
        "released",
        "rolled_back",
        "withdrawn",
      ],
      orphan_decision: ["adopted", "dropped"],
      orphan_kind: ["database", "role", "service", "folder"],
      policy_type: [
        "gates",
        "promotion",
        "ttl",
        "backup",
        "retention",
        "clone",
      ],
      project_status: ["active", "archived"],
      restore_purpose: ["restore", "clone", "drill"],
      restore_status: ["pending", "running", "succeeded", "failed"],
      run_kind: [
        "build",
        "test",
        "deploy",
        "backup",
        "restore",
        "clone",
        "upgrade",
        "drill",
        "promote",
        "destroy",
        "verify",
        "retention",
        "compare",
      ],
      run_status: [
        "queued",
        "claimed",
        "running",
        "succeeded",
        "failed",
        "canceled",
      ],
      workflow_type: ["build", "test", "deploy", "backup", "upgrade"],
    },
  },
} as const;
